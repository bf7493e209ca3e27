"""From a notebook that was watched to a project that proves itself."""
