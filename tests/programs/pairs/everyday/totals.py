class Totals:
    def __init__(self):
        self.count = self.sum = 0

    def add(self, value):
        self.count += 1
        self.sum += value

    def __str__(self):
        return f"{self.count} values, {self.sum} in all"
