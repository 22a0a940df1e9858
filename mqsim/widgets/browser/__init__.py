"""What the scripts of all widgets share, and how a script and its imports become one module."""
