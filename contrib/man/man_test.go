package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"vnet/lang/usage"
	"vnet/repl/command"
)

// written writes the pages, and gives their files.
func written(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	if err := (edition{"v1.2.3", "2026-03-01"}).write(dir); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d pages: %v", len(files), err)
	}
	return files
}

// man formats a page for a terminal of this width. Where the program is
// missing the test is skipped.
func man(t *testing.T, file, width string) (text, warnings string) {
	t.Helper()
	for _, program := range []string{"man", "groff"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("needs man-db and groff: ", err)
		}
	}
	cmd := exec.Command("man", "--warnings", "-E", "UTF-8", "-P", "cat", "-l", file)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANWIDTH="+width, "MAN_KEEP_FORMATTING=", "MAN_DISABLE_SECCOMP=1")
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", file, err, &errs)
	}
	return out.String(), errs.String()
}

func TestManHasNothingToWarnOf(t *testing.T) {
	for _, file := range written(t) {
		if text, warnings := man(t, file, "80"); warnings != "" || len(text) < 200 {
			t.Errorf("%s: %s%s", filepath.Base(file), warnings, text)
		}
	}
}

// A page that is wrong is found.
func TestManWarns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wrong.1")
	if err := os.WriteFile(file, []byte(".TH WRONG 1\n.SH NAME\nwrong \\- a page\n.NOSUCH macro\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, warnings := man(t, file, "80"); !strings.Contains(warnings, "NOSUCH") {
		t.Errorf("says %q", warnings)
	}
}

// words are a text without its lines, which the page breaks elsewhere.
func words(text string) string {
	text = regexp.MustCompile(`‐\n\s*`).ReplaceAllString(text, "")
	return strings.Join(strings.Fields(strings.NewReplacer("‐", "-", "`", "").Replace(text)), " ")
}

// Everything that the tables have reaches the reader as it is.
func TestPagesAreWhole(t *testing.T) {
	shown := map[string]string{}
	for _, file := range written(t) {
		text, _ := man(t, file, "300")
		shown[filepath.Base(file)] = words(text)
	}
	has := func(page, text string) {
		t.Helper()
		if !strings.Contains(shown[page], words(text)) {
			t.Errorf("%s does not have %q", page, text)
		}
	}
	root := command.Tree()
	for _, c := range root.Commands() {
		if !documented(c) {
			if _, ok := shown["vnet-"+c.Name()+".1"]; ok {
				t.Errorf("a page for %s, which nobody types", c.Name())
			}
			continue
		}
		page := "vnet-" + c.Name() + ".1"
		has("vnet.1", c.Name()+" "+c.Short)
		has(page, page[:len(page)-2]+" - "+lower(c.Short))
		has(page, c.Long)
		has(page, c.Example)
		c.LocalFlags().VisitAll(func(f *pflag.Flag) { has(page, "--"+f.Name) })
	}
	has("vnet.1", "5 rollback incomplete")
	for _, e := range usage.All() {
		for _, form := range e.Forms {
			has("vnet.5", form)
		}
	}
	for file, text := range shown {
		if !strings.Contains(text, "NAME") || !strings.Contains(text, "v1.2.3") || !strings.Contains(text, "2026-03-01") {
			t.Errorf("%s: no name, version or date: %.200s", file, text)
		}
	}
}
