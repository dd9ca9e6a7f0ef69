// Package flask finds the routes of Flask applications: it runs the project's modules in the interpreter of package python, with
// models of Flask, of Quart, and of the extensions that add routes (Flask-RESTful, flask-restx, flask-smorest, APIFlask,
// flask-openapi3, Flask-Classful, Flask-Sock), and reads the application's URL map.
//
// Left out are what extensions serve by themselves (specifications, documentation pages, the static folder), and HEAD and OPTIONS
// unless the project asks for them.
package flask
