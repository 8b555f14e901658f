package eval_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"vnet/lang/parse"
	"vnet/runtime/eval"
	"vnet/runtime/model"
	"vnet/runtime/tx"
	"vnet/stdlib"
)

// Every example is a valid script on an empty network.
func TestExamplesOnModel(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.vnet")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			file, found := parse.File(path, string(text))
			for _, d := range found {
				t.Error(d)
			}
			net := model.New(model.Options{})
			in := eval.New(eval.Config{Host: net, Tx: tx.New(net, nil), Net: net, Rehearse: true, Foreign: true,
				Dir: filepath.Dir(path), Module: stdlib.Module, Stdout: io.Discard, Stderr: io.Discard,
				Args: map[string]string{"nic": "eth9"}})
			if err := in.Run(context.Background(), file); err != nil {
				t.Error(err)
			}
			for _, d := range in.Diags() {
				t.Error(d, d.Help)
			}
		})
	}
}
