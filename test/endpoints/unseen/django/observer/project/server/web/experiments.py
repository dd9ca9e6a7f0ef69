from django.shortcuts import render

def experiment(request):
    if request.method = "POST":
        return render(request, "x.html")
