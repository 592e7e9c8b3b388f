"""Many what-ifs: each in a folder named by its content, run by one of several engines with the same outcome."""
