package express

import (
	"fmt"
	"testing"
)

// project makes an application of n files with routers of their own, as generators write them.
func project(n int) map[string][]byte {
	files := map[string][]byte{"package.json": []byte(`{"main": "app.js", "dependencies": {"express": "^4.18.0"}}`)}
	app := "const express = require('express')\nconst app = express()\napp.use(express.json())\n"
	for i := range n {
		app += fmt.Sprintf("app.use('/api/part%d', require('./routes/part%d'))\n", i, i)
		files[fmt.Sprintf("routes/part%d.js", i)] = fmt.Appendf(nil, `const router = require('express').Router()
const controller = require('../controllers/part%d')
const { validate, auth } = require('../middleware')
/** List all. */
router.get('/', auth, controller.list)
router.post('/', auth, validate({ name: 'string' }), controller.create)
router.route('/:id').get(controller.get).put(auth, controller.update).delete(auth, controller.remove)
module.exports = router
`, i)
		files[fmt.Sprintf("controllers/part%d.js", i)] = []byte(`const Model = require('mongoose').model('Part')
/**
 * Gives all.
 */
exports.list = async (req, res) => { const all = await Model.find({ owner: req.user.id }); res.json(all) }
exports.create = async (req, res) => { try { res.json(await Model.create(req.body)) } catch (e) { res.status(400).json({ e }) } }
exports.get = async (req, res) => { const one = await Model.findById(req.params.id); if (!one) return res.status(404).end(); res.json(one) }
exports.update = async (req, res) => { res.json(await Model.updateOne({ _id: req.params.id }, { $set: req.body })) }
exports.remove = async (req, res) => { await Model.deleteOne({ _id: req.params.id }); res.status(204).end() }
`)
	}
	files["middleware/index.js"] = []byte("exports.auth = (req, res, next) => next()\nexports.validate = schema => (req, res, next) => next()\n")
	files["app.js"] = []byte(app + "app.listen(process.env.PORT || 3000)\n")
	return files
}

func BenchmarkResolve(b *testing.B) {
	for _, parts := range []int{4, 250} {
		files := project(parts)
		b.Run(fmt.Sprintf("%d files", len(files)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if found := Resolve(b.Context(), files); len(found.Routes) != 5*parts {
					b.Fatalf("%d routes", len(found.Routes))
				}
			}
		})
	}
}
