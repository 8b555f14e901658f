package examples

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vnet/lang/ast"
	"vnet/lang/parse"
	"vnet/runtime/kernel/kerneltest"
)

// most is how many operations an example may have before a test gives up.
const most = 1000

// stride thins out the places of a fault where time is short.
func stride() int {
	if testing.Short() {
		return 7
	}
	return 1
}

// Whichever operation the kernel refuses, nothing is left.
func TestFaultAtOperation(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		t.Run(e.path, func(t *testing.T) {
			t.Parallel()
			m := e.machine(t)
			before := m.Settle()
			for n := 1; n < most && !t.Failed(); n += stride() {
				o := m.TryCmd(fault(vnet(e.call()...), fmt.Sprintf("apply %d ENOBUFS", n)))
				if !strings.Contains(o.Err, "injected") {
					if n < 3 {
						t.Fatalf("no fault at operation %d: status %d\n%s%s", n, o.Status, o.Out, o.Err)
					}
					t.Logf("%d operations", n-1)
					return
				}
				if o.Status != 1 || !strings.Contains(o.Err, "rolled back completely") && n > 1 {
					t.Errorf("operation %d: exit status %d\n%s%s", n, o.Status, o.Out, o.Err)
				}
				unchanged(t, m, before, fmt.Sprintf("after a fault at operation %d:\n%s", n, o.Err))
			}
		})
	}
}

func unchanged(t *testing.T, m *kerneltest.Machine, before kerneltest.Snapshot, what string) {
	t.Helper()
	m.Same(t, before)
	if t.Failed() {
		t.Log(what)
	}
}

// Whichever statement fails, nothing is left.
func TestFaultAtStatement(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		t.Run(e.path, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(e.path)
			if err != nil {
				t.Fatal(err)
			}
			m := e.machine(t)
			before := m.Settle()
			places := statements(t, e.path, string(text))
			for i := 0; i < len(places) && !t.Failed(); i += stride() {
				at := places[i]
				broken := string(text[:at]) + `fail "injected"; ` + string(text[at:])
				o := m.TryCmd(vnet(append([]string{"run", beside(t, e.path, broken)}, e.args...)...))
				if o.Status != 1 || !strings.Contains(o.Err, "injected") {
					t.Errorf("exit status %d\n%s%s", o.Status, o.Out, o.Err)
				}
				unchanged(t, m, before, fmt.Sprintf("after a failure before %.40q:\n%s", text[at:], o.Err))
			}
		})
	}
}

// beside writes a script into a directory with the modules of the examples.
func beside(t *testing.T, path, text string) string {
	t.Helper()
	dir := t.TempDir()
	module, err := os.ReadFile("lan.vnet")
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(dir, "lan.vnet"), module, 0o666), os.WriteFile(filepath.Join(dir, path), []byte(text), 0o666))
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, path)
}

// statements gives the offsets of all statements of a script, those in blocks
// as well: wherever one stands, another can stand before it. Only of `in X` and
// such with one statement behind it the second half is no place.
func statements(t *testing.T, path, text string) []int {
	t.Helper()
	file, found := parse.File(path, text)
	if found.Failed() {
		t.Fatal(found)
	}
	var places []int
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		if _, test := v.Interface().(*ast.Test); test {
			return // a run leaves it out
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if list, ok := v.Field(i).Interface().([]ast.Stmt); ok {
					for _, s := range list {
						places = append(places, s.Where().Pos.Offset)
					}
				}
				walk(v.Field(i))
			}
		}
	}
	walk(reflect.ValueOf(file))
	slices.Sort(places)
	return slices.DeleteFunc(slices.Compact(places), func(at int) bool {
		line := text[strings.LastIndexByte(text[:at], '\n')+1 : at]
		return strings.TrimSpace(line) != "" // behind another word on its line
	})
}

// An operation that cannot be taken back is named, and the rest is taken back
// all the same.
func TestFaultInRollback(t *testing.T) {
	t.Parallel()
	text := `ns left right
		bridge br0
		bridge br1
		veth left:eth0 10.0.0.1/24 <-> right:eth0 10.0.0.2/24
		exec true
		fail "the end"`
	m := kerneltest.New(t)
	before := m.Settle()
	path := script(t, text)
	for n := 1; ; n++ {
		o := m.TryCmd(fault(vnet(path), fmt.Sprintf("undo %d ENOBUFS", n)))
		if !strings.Contains(o.Err, "injected") {
			if n == 1 || o.Status != 1 {
				t.Errorf("status %d\n%s", o.Status, o.Err)
			}
			break
		}
		if o.Status != 5 || !strings.Contains(o.Err, "rollback incomplete") || !strings.Contains(o.Err, "left") {
			t.Errorf("undo %d: exit status %d\n%s", n, o.Status, o.Err)
		}
		left := strings.Fields(before.Diff(m.Snapshot()))
		t.Logf("undo %d: %d words of difference\n%s", n, len(left), o.Err)
		// The journal stays, and who tries again gets further.
		run(t, m, 0, "recover")
		m.Same(t, before)
	}
	// When nothing can be taken back, all of it is tried.
	o := runCmd(t, m, 5, fault(vnet(path), "undo 1+ ENOBUFS"))
	for _, what := range []string{"ns del left", "ns del right", "link del host:br0", "link del host:br1"} {
		if !strings.Contains(o.Err, what) {
			t.Errorf("does not name %s:\n%s", what, o.Err)
		}
	}
	run(t, m, 0, "recover")
	m.Same(t, before)
	run(t, m, 0, "recover")
	m.Same(t, before)
}

// A mistake in vnet is an error like others.
func TestPanic(t *testing.T) {
	t.Parallel()
	text := `ns left right
		bridge br0
		veth left:eth0 10.0.0.1/24 <-> br0
		exec true
		veth right:eth0 10.0.0.2/24 <-> br0
		parallel {
			in left { sysctl net.ipv4.ip_forward = 1; exec true }
			in right { sysctl net.ipv4.ip_forward = 1; exec true }
		}`
	m := kerneltest.New(t)
	before := m.Settle()
	path := script(t, text)
	for n := 1; ; n++ {
		o := m.TryCmd(fault(vnet("run", "--rm", path), fmt.Sprintf("apply %d panic", n)))
		if o.Status == 0 {
			t.Logf("%d operations", n-1)
			break
		}
		if o.Status != 1 || !strings.Contains(o.Err, "a mistake in vnet") {
			t.Errorf("operation %d: exit status %d\n%s", n, o.Status, o.Err)
		}
		unchanged(t, m, before, fmt.Sprintf("after a panic at operation %d:\n%s", n, o.Err))
		if t.Failed() {
			return
		}
	}
	// One in the undo leaves something, and says so; the rest goes.
	o := m.TryCmd(fault(vnet(script(t, text+"\nfail \"the end\"")), "undo 1 panic"))
	if o.Status != 5 || !strings.Contains(o.Err, "rollback incomplete") {
		t.Errorf("exit status %d\n%s", o.Status, o.Err)
	}
}
