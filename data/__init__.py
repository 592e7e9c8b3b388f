"""The bundled sample: a recording and the lake that importing it gives."""
