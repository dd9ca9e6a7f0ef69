package config

import (
	"bytes"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path"
	"text/template"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/pki"
)

//go:embed templates
var templates embed.FS

// volumeCount is how many claims can be bound before `up` has to free the
// volumes of deleted ones: a few installations of the chart and their tests.
const volumeCount = 16

// Files renders the configuration files by their path below ConfigDir.
func Files(p Params, bundle pki.Bundle) (map[string][]byte, error) {
	files := map[string][]byte{}
	for target, source := range map[string]string{
		"containerd.toml":      "containerd.toml",
		"cni/10-pods.conflist": "10-pods.conflist",
		"kubelet.yaml":         "kubelet.yaml",
		"kube-proxy.yaml":      "kube-proxy.yaml",
		"scheduler.yaml":       "scheduler.yaml",
		"Corefile":             "Corefile",
		"resolv.conf":          "resolv.conf",
		ObjectsFile:            ObjectsFile,
	} {
		content, err := render(source, p, bundle)
		if err != nil {
			return nil, err
		}
		files[target] = content
	}
	for _, client := range pki.Clients {
		content, err := Kubeconfig(p, bundle, client)
		if err != nil {
			return nil, err
		}
		files[client+".kubeconfig"] = content
	}
	return files, nil
}

// ObjectsFile holds the objects every cluster begins with.
const ObjectsFile = "objects.yaml"

// Volumes lists the names of the PersistentVolumes, which are those of their
// folders too.
func Volumes() []string {
	names := make([]string, volumeCount)
	for i := range names {
		names[i] = fmt.Sprintf("local-%02d", i+1)
	}
	return names
}

// VolumeDir is the folder of a volume below the state folder.
func VolumeDir(volume string) string {
	return path.Join(VarLibDir, "volumes", volume)
}

func render(name string, p Params, bundle pki.Bundle) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{
		"cert":       certPath,
		"key":        keyPath,
		"kubeconfig": kubeconfigPath,
	}).Option("missingkey=error").ParseFS(templates, "templates/"+name)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, map[string]any{
		"Name":             p.Name,
		"Node":             p.Subnet.Node(),
		"DNS":              p.Subnet.DNS(),
		"Pods":             p.Subnet.Pods(),
		"CgroupRoot":       p.Subnet.CgroupRoot(),
		"ConfigDir":        path.Join(StateDir, ConfigDir),
		"CNIDir":           p.Program(BuildCNI, ""),
		"Runc":             p.Runc,
		"PauseImage":       PauseImage,
		"ContainerdSocket": containerdSocket,
		"CABundle":         base64.StdEncoding.EncodeToString(bundle[pki.ClusterCA].Cert),
		"Volumes":          Volumes(),
		"VolumesDir":       volumesDir,
	}); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// Kubeconfig renders the kubeconfig of one client, complete in itself so that it
// can be copied elsewhere. It is JSON, which every reader of YAML takes.
func Kubeconfig(p Params, bundle pki.Bundle, client string) ([]byte, error) {
	type object = map[string]any
	name := "localcluster-" + p.Name
	pair := bundle[client]
	content, err := json.MarshalIndent(object{
		"apiVersion": "v1",
		"kind":       "Config",
		"clusters": []object{{"name": name, "cluster": object{
			"server":                     p.APIServerURL(),
			"certificate-authority-data": bundle[pki.ClusterCA].Cert,
		}}},
		"users": []object{{"name": client, "user": object{
			"client-certificate-data": pair.Cert,
			"client-key-data":         pair.Key,
		}}},
		"contexts":        []object{{"name": name, "context": object{"cluster": name, "user": client}}},
		"current-context": name,
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("render kubeconfig of %s: %w", client, err)
	}
	return append(content, '\n'), nil
}
