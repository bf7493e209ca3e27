"""One step at a time: values handed over, the function called and watched, results written."""
