"""The contract itself: state, one function per contract function, views, and the rules in which versions differ."""
