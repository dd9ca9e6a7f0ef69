// Package python runs a project's Python modules in a small interpreter, in order to find out what they build.
//
// It has no side effects: files are those of the project, the environment is empty, other packages are natives of a Library or
// External values of which only the name is known. What cannot be known is Unknown and flows on. A condition that is Unknown runs
// both branches, an iterable that is Unknown runs the loop's body once. Steps, depth, iterations and sizes are bounded by Limits;
// beyond them the interpreter says so in a diagnostic and keeps what it has found.
package python
