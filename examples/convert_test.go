package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"vnet/runtime"
	"vnet/runtime/kernel/image"
	"vnet/runtime/kernel/kerneltest"
)

// A conversion is a script of the shell with what is needed to run it.
type conversion struct {
	files  map[string]string
	needs  []string // programs, and qdiscs that only some kernels have
	rm     bool     // it takes its network down itself
	ignore []string // words in lines of the fingerprint that may differ
}

func conversions(t *testing.T) map[string]conversion {
	t.Helper()
	paths, err := filepath.Glob("../lang/convert/testdata/scripts/*.txtar")
	if err != nil || len(paths) < 15 {
		t.Fatal("where are the scripts?", err)
	}
	out := map[string]conversion{}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c := conversion{files: map[string]string{}}
		for _, f := range a.Files {
			switch text := string(f.Data); f.Name {
			case "needs":
				c.needs = strings.Fields(text)
			case "rm":
				c.rm = true
			case "ignore":
				c.ignore = strings.Fields(text)
			default:
				c.files[f.Name] = text
			}
		}
		if _, left := c.files["left"]; !left {
			out[strings.TrimSuffix(filepath.Base(path), ".txtar")] = c
		}
	}
	return out
}

// What a script of the shell builds, its conversion builds.
func TestConverted(t *testing.T) {
	t.Parallel()
	kerneltest.Need(t)
	for name, c := range conversions(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for file, text := range c.files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			a, b := kerneltest.New(t), kerneltest.New(t)
			c.check(t, a)
			sh := exec.Command("bash", "-e", "script.sh")
			sh.Dir = dir
			if o := a.TryCmd(sh); o.Status != 0 {
				t.Fatalf("the script of the shell ends with status %d\n%s%s", o.Status, o.Out, o.Err)
			}
			// In the namespaces that vnet makes lo is up.
			a.Script("for n in $(ip netns list | cut -d' ' -f1); do ip -n $n link set lo up; done")
			args := []string{"run", filepath.Join(dir, "want.vnet")}
			if c.rm {
				args = []string{"run", "--rm", filepath.Join(dir, "want.vnet")}
			}
			run(t, b, 0, args...)
			c.compare(t, a, b)
		})
	}
}

func (c conversion) check(t *testing.T, m *kerneltest.Machine) {
	t.Helper()
	for _, p := range c.needs {
		if p == "netem" {
			if m.Try("tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms").Status != 0 {
				t.Skip("this kernel has no netem")
			}
			m.Run("tc", "qdisc", "del", "dev", "lo", "root")
		} else if _, err := exec.LookPath(p); err != nil {
			t.Skip("needs a program:", err)
		}
	}
}

// compare waits until two machines are the same.
func (c conversion) compare(t *testing.T, a, b *kerneltest.Machine) {
	t.Helper()
	for deadline := time.Now().Add(kerneltest.Patience(10 * time.Second)); ; {
		a.Settle()
		b.Settle()
		diff := image.Diff(c.network(t, a), c.network(t, b))
		if len(diff) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the networks differ (- the shell's, + the conversion's):\n%s", strings.Join(diff, "\n"))
		}
	}
}

// network is what there is in all namespaces of a machine.
func (c conversion) network(t *testing.T, m *kerneltest.Machine) image.Fingerprint {
	t.Helper()
	var out image.Fingerprint
	m.Do(func() {
		paths, _ := filepath.Glob("/run/netns/*")
		for _, path := range append(paths, "/proc/thread-self/ns/net") {
			f, err := os.Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			img, err := image.Take(t.Context(), int(f.Fd()), image.Sysctls|image.NFT)
			if err != nil {
				t.Error(err)
				return
			}
			for _, e := range img.Fingerprint(image.Portable) {
				e.Thing = path + ": " + e.Thing
				for i, l := range e.Lines {
					// ip says of a route that nobody says it of that it came with the
					// boot (3), vnet that an administrator made it (4).
					fields := strings.Fields(strings.ReplaceAll(l, "proto=3", "proto=4"))
					e.Lines[i] = strings.Join(slices.DeleteFunc(fields, c.ignored), " ")
				}
				out = append(out, e)
			}
		}
	})
	if len(out) == 0 {
		t.Error("an empty fingerprint proves nothing")
	}
	return out
}

func (c conversion) ignored(field string) bool {
	return slices.ContainsFunc(c.ignore, func(w string) bool { return strings.HasPrefix(field, w) })
}

// Every conversion is valid, also of what cannot be run here.
func TestConvertedIsValid(t *testing.T) {
	for name, c := range conversions(t) {
		for _, d := range runtime.Check(t.Context(), runtime.Script{Name: name, Text: c.files["want.vnet"]}) {
			t.Error(d, d.Help)
		}
	}
}
