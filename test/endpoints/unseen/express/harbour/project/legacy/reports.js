var router = require('express').Router();

router.get('/', function (req, res) {});
router.get('/:name.pdf', function (req, res) {});
router.get('/old/*', function (req, res) {});

module.exports = router;
