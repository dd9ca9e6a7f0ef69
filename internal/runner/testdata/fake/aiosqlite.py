# One of the modules that only projects that name it find loaded.
