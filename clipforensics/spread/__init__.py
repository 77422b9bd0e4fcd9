"""The matrix over several GPUs of one machine."""
