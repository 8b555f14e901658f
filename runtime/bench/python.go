package main

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

//go:embed python/*.py
var scripts embed.FS

// pythonWay is a Python script that reads the network as JSON.
func pythonWay(name string) func(*bench, task) (commands, error) {
	return func(_ *bench, t task) (commands, error) {
		text, err := scripts.ReadFile("python/" + name + ".py")
		if err != nil {
			return commands{}, err
		}
		// Not by the name of the module it is to import.
		script, err := t.write("with_"+name+".py", string(text))
		if err != nil {
			return commands{}, err
		}
		data, err := json.Marshal(t.net)
		if err != nil {
			return commands{}, err
		}
		input, err := t.write("network.json", string(data))
		if name == "mininet" {
			return commands{all: []string{python, script, input}}, err
		}
		return commands{
			build: []string{python, script, "build", input},
			each:  []string{python, script, "true", input},
			down:  []string{python, script, "down", input},
		}, err
	}
}

// measureAll measures a way that is one process.
func (w *row) measureAll(ctx context.Context) error {
	ran, err := runOne(ctx, w.cmd.all)
	if err != nil {
		return err
	}
	stamps := strings.Fields(ran.out)
	if len(stamps) != 3 {
		return fmt.Errorf("want three times, got %q", ran.out)
	}
	from := ran.began
	for i, p := range []phase{build, each, down} {
		seconds, err := strconv.ParseFloat(stamps[i], 64)
		if err != nil {
			return err
		}
		at := time.Unix(0, int64(seconds*1e9))
		if p == down {
			return w.gone(ctx, at.Sub(from))
		}
		w.note(p, at.Sub(from))
		from = at
	}
	return nil
}

// standing starts a process that builds a network and keeps it until stop.
func standing(ctx context.Context, argv []string) (stop func() error, err error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "built" {
			return func() error {
				in.Close()
				for lines.Scan() {
				}
				return cmd.Wait()
			}, nil
		}
	}
	return nil, fmt.Errorf("%q: %v\n%s", argv, cmd.Wait(), errs.String())
}
