package repl

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSecrets(t *testing.T) {
	const key = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
	for entry, want := range map[string]bool{
		"ns a":                                     false,
		"exec in a curl --header 'x-token: abc'":   true,
		"exec mysql --password=geheim":             true,
		"exec env PGPASSWORD=x psql":               true,
		"let secret = abc":                         true,
		"exec vault login -method token s.abc":     true,
		"exec curl -H 'Authorization: Basic YTpi'": true,
		"exec curl http://bob:geheim@h1/":          true,
		"exec curl http://h1:80/x":                 false,
		"wireguard a:wg0 key " + key:               true,
		"wireguard a:wg0 { peer x psk $p }":        true,
		"let k = " + key:                           true,
		"wireguard a:wg0 { peer " + key + " }":     false,
		"write '-----BEGIN RSA PRIVATE KEY-----'":  true,
		"echo the secret":                          false,
		"let m = {keys: 1}":                        false,
		"exec md5sum 0123456789abcdef0123456789":   false,
	} {
		if got := secret(entry); got != want {
			t.Errorf("secret(%q) is %v", entry, got)
		}
		if h := LoadHistory(""); h.Keep(entry) == want {
			t.Errorf("Keep(%q) is %v", entry, !want)
		}
	}
}

func TestHistoryRepeats(t *testing.T) {
	h := LoadHistory("")
	for _, e := range []string{"a", "b", "a", "a", "c"} {
		h.Keep(e)
	}
	if want := []string{"b", "a", "c"}; !slices.Equal(h.Entries(), want) {
		t.Errorf("kept %q, want %q", h.Entries(), want)
	}
}

// Sessions at the same time, some of which make the file shorter, lose nothing
// and break no line.
func TestHistoryOfSeveralSessions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vnet", "history")
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for i := range 50 {
				h := &History{path: path}
				h.Keep(fmt.Sprintf("ns s%d\n  x%d", n, i))
				if i%10 == n {
					h.shorten()
				}
			}
		})
	}
	all.Wait()
	if got := LoadHistory(path).Entries(); len(got) != 200 {
		t.Errorf("%d of 200 entries are left", len(got))
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("beside the history there are %v", left)
	}
}

func TestHistoryIsCutDown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	var text strings.Builder
	for i := range 2*historyLimit + 1 {
		fmt.Fprintf(&text, "\"ns a%d\"\n", i)
	}
	text.WriteString("no JSON\n")
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	h := LoadHistory(path)
	h.Keep("ns b")
	got := LoadHistory(path).Entries()
	if len(got) != historyLimit || got[0] != "ns a1002" || got[historyLimit-1] != "ns b" {
		t.Errorf("%d entries are left, %q … %q", len(got), got[0], got[len(got)-1])
	}
	data, err := os.ReadFile(path)
	if err != nil || strings.Count(string(data), "\n") != historyLimit+1 {
		t.Errorf("the file has %d lines, %v", strings.Count(string(data), "\n"), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
}

// What is no plain file of the user in a folder of the user is left alone.
func TestHistoryInStrangePlaces(t *testing.T) {
	dir := t.TempDir()
	aim := filepath.Join(dir, "aim")
	for name, make := range map[string]func(path string) error{
		"a folder that is a link": func(path string) error { return os.Symlink(dir, filepath.Dir(path)) },
		"a link":                  func(path string) error { os.Mkdir(filepath.Dir(path), 0o700); return os.Symlink(aim, path) },
		"a pipe":                  func(path string) error { os.Mkdir(filepath.Dir(path), 0o700); return unix.Mkfifo(path, 0o600) },
	} {
		path := filepath.Join(dir, name, "history")
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		h := LoadHistory(path)
		h.Keep("ns a")
		if len(h.Entries()) != 1 {
			t.Errorf("%s: the session has no history", name)
		}
		for _, p := range []string{aim, filepath.Join(dir, "history")} {
			if _, err := os.Lstat(p); err == nil {
				t.Errorf("%s: %s was written", name, p)
			}
		}
	}
	if os.Geteuid() == 0 {
		alien := filepath.Join(dir, "alien")
		if err := os.Mkdir(alien, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(alien, 1000, 1000); err != nil {
			t.Skip(err)
		}
		LoadHistory(filepath.Join(alien, "vnet", "history")).Keep("ns a")
		if left, _ := os.ReadDir(alien); len(left) > 0 {
			t.Errorf("root left %v in the folder of another user", left)
		}
	}
}
