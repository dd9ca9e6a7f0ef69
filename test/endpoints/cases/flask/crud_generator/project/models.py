from dataclasses import dataclass


@dataclass
class Car:
    id: int
    name: str = ""


@dataclass
class Bike(Car):
    gears: int = 1


MODELS = [Car, Bike]
