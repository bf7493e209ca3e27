"""Running a notebook and watching it: kernels, what each statement did, and whether values are alike."""
