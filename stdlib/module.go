package stdlib

import (
	"embed"
	"strings"
)

//go:embed *.vnet
var modules embed.FS

// Module gives the source of a module of the standard library: std/topo.
func Module(path string) (src string, ok bool) {
	name, ok := strings.CutPrefix(path, "std/")
	if !ok {
		return "", false
	}
	data, err := modules.ReadFile(name + ".vnet")
	return string(data), err == nil
}

// Modules are the paths of all of them, sorted.
func Modules() []string {
	files, _ := modules.ReadDir(".")
	var paths []string
	for _, f := range files {
		paths = append(paths, "std/"+strings.TrimSuffix(f.Name(), ".vnet"))
	}
	return paths
}
