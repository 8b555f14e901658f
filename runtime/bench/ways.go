package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// A way is one way to a network, as a user would go it: whole processes, their
// input in files.
type way struct {
	name    string
	what    string
	missing func() string
	prepare func(b *bench, t task) (commands, error)
}

// A task is a network that is to be built.
type task struct {
	shape string
	n     int
	net   *network
	dir   string // for files
}

// commands are what a way runs.
type commands struct {
	build []string // makes the network
	each  []string // runs true(1) in each namespace
	down  []string // removes the network: no name of it is left
	// all makes, runs and removes, and prints how many seconds each took, for
	// who cannot do so in three processes. With "names" behind it, it gives the
	// namespaces names, says "built", and waits for the end of its input.
	all []string
}

var ways = []way{
	{name: "vnet", what: "vnet run, as its users do", prepare: vnetWay},
	{name: "limit", what: "raw netlink, tuned, two threads", prepare: limitWay},
	{name: "batch", what: "ip -batch, one for each namespace", prepare: batchWay, missing: program("ip")},
	{name: "ip", what: "ip -n, a process for each line", prepare: lineWay, missing: program("ip")},
	{name: "bash", what: "as in tutorials: ip netns exec", prepare: bashWay, missing: program("ip", "bash", "sysctl")},
	{name: "pyroute2", what: "Python's netlink library", prepare: pythonWay("pyroute2"), missing: module("pyroute2")},
	{name: "mininet", what: "Mininet's nodes and links", prepare: pythonWay("mininet"), missing: module("mininet")},
}

// program says which of some programs there is not.
func program(names ...string) func() string {
	return func() string {
		for _, name := range names {
			if _, err := exec.LookPath(name); err != nil {
				return "no program " + name
			}
		}
		return ""
	}
}

// python is the interpreter that Debian's packages are for.
const python = "/usr/bin/python3"

func module(name string) func() string {
	return func() string {
		if exec.Command(python, "-c", "import "+name).Run() != nil {
			return fmt.Sprintf("no Python module %s: install Debian's %s", name,
				map[string]string{"pyroute2": "python3-pyroute2"}[name]+map[string]string{"mininet": "mininet"}[name])
		}
		return ""
	}
}

// write puts a file for a way into the task's directory.
func (t task) write(name, text string) (string, error) {
	path := filepath.Join(t.dir, name)
	return path, os.WriteFile(path, []byte(text), 0o644)
}

func vnetWay(b *bench, t task) (commands, error) {
	s := shapeOf[t.shape]
	build, err := t.write(t.shape+".vnet", s.script)
	if err != nil {
		return commands{}, err
	}
	each, err := t.write("true.vnet", "param n\nlet all = "+s.hosts+"\nexec in $all true\n")
	n := fmt.Sprintf("n=%d", t.n)
	return commands{
		build: []string{b.vnet, "run", "-q", build, n},
		each:  []string{b.vnet, "run", "-q", each, n},
		down:  []string{b.vnet, "down", "-q", t.shape},
	}, err
}

func limitWay(_ *bench, t task) (commands, error) {
	self, err := os.Executable()
	return commands{
		build: []string{self, "@limit", "build", t.shape, fmt.Sprint(t.n)},
		each:  []string{self, "@limit", "true"},
		down:  []string{self, "@limit", "down"},
	}, err
}
