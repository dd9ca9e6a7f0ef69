"""Compiles all modules below folders, without their docstrings: no preview reads those of libraries, and each would keep them
in memory.

    python3 compile.py FOLDER...

Hash-based files stay valid although layers change modification times. What needs docstrings to work keeps them.
"""

import ast
import importlib.util
import os
import sys

# Their grammar is in their docstrings (PLY).
KEEP = ("ply", "pycparser")


def strip(tree):
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            if isinstance(node, ast.Module):
                del node.body[0]
            else:
                node.body[0] = ast.copy_location(ast.Pass(), node.body[0])


def compile_file(path):
    with open(path, "rb") as file:
        source = file.read()
    try:
        tree = ast.parse(source, path)
        if not set(path.split(os.sep)) & set(KEEP):
            strip(tree)
        code = compile(tree, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        # Templates and tests of broken code, which nobody imports.
        print(f"{path} was not compiled: {error}", file=sys.stderr)
        return
    target = importlib.util.cache_from_source(path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        file.write(importlib._bootstrap_external._code_to_hash_pyc(code, importlib.util.source_hash(source), checked=False))


for folder in sys.argv[1:]:
    for directory, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".py"):
                compile_file(os.path.join(directory, name))
