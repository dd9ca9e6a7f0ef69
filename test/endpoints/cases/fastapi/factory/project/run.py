import uvicorn

if __name__ == "__main__":
    uvicorn.run("service.app:create_app", factory=True, port=8000)
