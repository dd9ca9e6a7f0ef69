const VERSION = 1

module.exports = {
  ROOT: '/api/v' + VERSION,
  EXHIBITS: ['', 'exhibits'].join('/'),
  ROOM: '/rooms/:room'
}
