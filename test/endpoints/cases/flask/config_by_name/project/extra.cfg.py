FROM_FILE = "/file"
