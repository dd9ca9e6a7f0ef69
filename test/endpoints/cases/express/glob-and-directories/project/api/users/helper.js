throw new Error('not a route')
