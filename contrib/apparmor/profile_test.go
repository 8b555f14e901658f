// Package apparmor holds the AppArmor profile of vnet.
package apparmor

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A parser is apparmor_parser(8).
type parser struct {
	path  string
	major int
}

func theParser(t *testing.T) parser {
	t.Helper()
	path, err := exec.LookPath("apparmor_parser")
	if err != nil { // not in everybody's PATH
		path = "/usr/sbin/apparmor_parser"
		if _, err = os.Stat(path); err != nil {
			t.Skip("needs apparmor_parser to read the profile")
		}
	}
	out, _ := exec.Command(path, "--version").Output()
	m := regexp.MustCompile(`version (\d+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("%s tells no version: %s", path, out)
	}
	major, _ := strconv.Atoi(string(m[1]))
	return parser{path, major}
}

// read has a profile compiled, and neither loaded nor kept. What is said of the
// kernel, which may be one without AppArmor, is left out.
func (p parser) read(t *testing.T, profile string) (complaints string, ok bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "vnet")
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(p.path, "--skip-kernel-load", "--skip-cache", "--warn=all", file)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	err := cmd.Run()
	for line := range strings.Lines(errs.String()) {
		if !strings.HasPrefix(line, "Cache read/write disabled") && !strings.Contains(line, "not enforced") {
			complaints += line
		}
	}
	return complaints, err == nil
}

// From AppArmor 4 on the parser has nothing to say. An older one knows no rule
// for user namespaces, and all else.
func TestProfile(t *testing.T) {
	p := theParser(t)
	text, err := os.ReadFile("vnet")
	if err != nil {
		t.Fatal(err)
	}
	profile := string(text)
	if p.major < 4 {
		if _, ok := p.read(t, profile); ok {
			t.Errorf("AppArmor %d takes a profile for AppArmor 4", p.major)
		}
		profile = strings.NewReplacer("abi/4.0", "abi/3.0", "  userns,\n", "").Replace(profile)
	}
	if complaints, ok := p.read(t, profile); !ok || complaints != "" {
		t.Errorf("%s", complaints)
	}
	if _, ok := p.read(t, strings.Replace(profile, "profile vnet", "profile vnet vnet", 1)); ok {
		t.Error("a wrong profile is taken")
	}
}
