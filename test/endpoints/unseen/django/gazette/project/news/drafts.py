from django.http import HttpResponse

def draft(request:
    return HttpResponse()
