"""What stands for the standard library inside a guest, a module for each that it stands for."""
