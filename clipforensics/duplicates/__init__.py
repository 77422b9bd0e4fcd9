"""Videos that look alike whatever they are called: perceptual hashes of frames, compared across parts."""
