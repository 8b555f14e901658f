package check_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"vnet/lang/check"
	"vnet/lang/diag"
	"vnet/lang/parse"
)

// builtins stand for those of the standard library, which lang does not know.
var builtins = map[string]bool{
	"chain": true, "cidr": true, "enumerate": true, "env": true, "host": true, "int": true, "ip": true, "join": true,
	"keys": true, "len": true, "match": true, "next": true, "pairs": true, "product": true, "range": true, "split": true,
	"str": true, "subnets": true, "uniq": true, "upper": true, "zip": true, "mac": true, "exists": true, "arg": true,
	"json": true, "file": true, "links": true, "addrs": true, "routes": true, "wgkey": true, "values": true, "sort": true,
	"reverse": true, "lower": true, "trim": true, "replace": true, "peer": true,
}

func known(fn string) bool { return builtins[fn] }

// found parses and checks a script.
func found(name, text string) diag.List {
	file, list := parse.File(name, text)
	return append(list, check.File(file, known)...).Tidy()
}

// An expected message stands in a comment at the end of its line:
// ### V1001 "regexp of the one-line message". The code may be left out, and
// several may follow each other.
var expected = regexp.MustCompile(`(V[0-9]{4} )?("(?:[^"\\]|\\.)*")`)

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.vnet")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts in testdata:", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".vnet"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			// A file holds small scripts between lines of dashes.
			line := 0
			for part := range strings.SplitSeq(string(data), "\n---\n") {
				compare(t, name, strings.Repeat("\n", line)+part)
				line += strings.Count(part, "\n") + 2
			}
		})
	}
}

// The examples and the modules of the standard library have nothing to blame.
func TestOwnScripts(t *testing.T) {
	for _, pattern := range []string{"../../examples/*.vnet", "../../stdlib/*.vnet"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Errorf("no scripts in %s: %v", pattern, err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range found(name, string(data)) {
				t.Error(whole(d))
			}
		}
	}
}

func compare(t *testing.T, name, text string) {
	t.Helper()
	got := map[int]diag.List{}
	for _, d := range found(name, text) {
		got[d.Span.Pos.Line] = append(got[d.Span.Pos.Line], d)
	}
	for i, line := range strings.Split(text, "\n") {
		_, wanted, _ := strings.Cut(line, "###")
		left := got[i+1]
		for _, m := range expected.FindAllStringSubmatch(wanted, -1) {
			pattern, err := strconv.Unquote(m[2])
			if err != nil {
				t.Fatalf("%s:%d: %s: %v", name, i+1, m[2], err)
			}
			left = match(t, left, regexp.MustCompile(pattern), diag.Code(strings.TrimSpace(m[1])), name, i+1)
		}
		for _, d := range left {
			t.Errorf("not expected: %s", whole(d))
		}
	}
}

// match takes the first message out of list that is as expected.
func match(t *testing.T, list diag.List, re *regexp.Regexp, code diag.Code, name string, line int) diag.List {
	t.Helper()
	for i, d := range list {
		if re.MatchString(whole(d)) && (code == "" || code == d.Code) {
			return append(append(diag.List{}, list[:i]...), list[i+1:]...)
		}
	}
	t.Errorf("%s:%d: nothing like %s %q", name, line, code, re)
	return list
}

// whole is a message with its notes and help on one line.
func whole(d *diag.Diagnostic) string {
	text := d.Error()
	for _, n := range d.Notes {
		text += " note: " + n.Text
	}
	for _, h := range d.Help {
		text += " help: " + h
	}
	return text
}
