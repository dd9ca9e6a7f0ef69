"""Runs the script that is the first argument, compiled by a process that ends: what is left behind by compiling it takes
3 MiB, which every preview would keep."""

import marshal
import os
import sys


def compiled(source):
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        with open(writer, "wb") as file:
            file.write(marshal.dumps(compile(source, "<string>", "exec")))
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        code = file.read()
    os.waitpid(process, 0)
    return marshal.loads(code)


exec(compiled(sys.argv.pop(1)))
