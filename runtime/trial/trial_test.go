package trial

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

// results have some of everything, and what hurts a format.
var results = []Result{
	{Test: Test{"a/one.vnet", "the cable works", 3}, State: Passed, Elapsed: 56 * time.Millisecond, Output: "hello\n"},
	{Test: Test{"a/one.vnet", "#1: 100% <b> \\ \"quoted\", \x01 & more", 7}, State: Failed, Elapsed: 1234 * time.Millisecond, Output: "before\n\x1b[31mred\x00 ]]>\n",
		Failure: &Failure{Code: "V4002", Summary: "no answer from 10.0.0.9: 100%\nlost", File: "a/one.vnet", Line: 9, Column: 3, Text: "error[V4002]: no answer\n  9 │ expect ping\n"}},
	{Test: Test{"b.vnet", "lost", 1}, State: Failed, Failure: &Failure{Summary: "vnet ended without saying why"}},
	{Test: Test{"b.vnet", "too late", 5}},
}

func written(name string) string {
	var b strings.Builder
	f := New(name, &b, false)
	if g, ok := f.(*github); ok {
		g.token = "token"
	}
	f.Begin(len(results))
	for _, r := range results {
		f.Result(r)
	}
	f.End(Tally{Passed: 1, Failed: 2, NotRun: 1, Elapsed: 2 * time.Second})
	return b.String()
}

func TestFormats(t *testing.T) {
	for _, name := range Formats() {
		got, path := written(name), filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
		}
	}
	if New("html", nil, false) != nil {
		t.Error("a format nobody has written")
	}
}

// What other programs read in a JUnit report, by the common schema: attributes
// that must be there, counts that are right, text that survives.
func TestJUnit(t *testing.T) {
	type report struct {
		XMLName xml.Name `xml:"testsuites"`
		Tests   int      `xml:"tests,attr"`
		Suites  []struct {
			Name     string  `xml:"name,attr"`
			Tests    int     `xml:"tests,attr"`
			Failures int     `xml:"failures,attr"`
			Errors   *int    `xml:"errors,attr"`
			Skipped  int     `xml:"skipped,attr"`
			Time     float64 `xml:"time,attr"`
			Cases    []struct {
				Name    string  `xml:"name,attr"`
				Class   string  `xml:"classname,attr"`
				Time    float64 `xml:"time,attr"`
				Skipped *struct {
					Message string `xml:"message,attr"`
				} `xml:"skipped"`
				Failure *struct {
					Message string `xml:"message,attr"`
					Type    string `xml:"type,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
				Output string `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	var r report
	d := xml.NewDecoder(strings.NewReader(written("junit")))
	d.Strict = true
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	tests, i := 0, 0
	for _, s := range r.Suites {
		failures, skipped := 0, 0
		for _, c := range s.Cases {
			want := results[i]
			i++
			if c.Name != valid(want.Name) || c.Class == "" || c.Output != valid(want.Output) {
				t.Errorf("%+v of %+v", c, want)
			}
			if c.Failure != nil {
				failures++
				if c.Failure.Message != want.Failure.Summary || c.Failure.Type == "" || c.Failure.Text != want.Failure.Text {
					t.Errorf("%+v of %+v", c.Failure, want.Failure)
				}
			}
			if c.Skipped != nil {
				skipped++
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failures || s.Skipped != skipped || s.Errors == nil {
			t.Errorf("the counts of %+v", s)
		}
		tests += s.Tests
	}
	if tests != len(results) || r.Tests != tests || len(r.Suites) != 2 {
		t.Errorf("%d tests in %d suites", tests, len(r.Suites))
	}
}

var (
	tapPoint = regexp.MustCompile(`^(not )?ok (\d+) - ((?:[^#\\]|\\[#\\])*)( # SKIP .*)?$`)
	tapLine  = regexp.MustCompile(`^  (---|\.\.\.|  )|^  [a-z_]+:( |$)`)
)

// A reader of TAP 14 finds the version, the plan and as many points, numbered,
// each with a YAML block that is closed.
func TestTAP(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(written("tap"), "\n"), "\n")
	if lines[0] != "TAP version 14" || lines[1] != "1.."+strconv.Itoa(len(results)) {
		t.Errorf("begins with %q", lines[:2])
	}
	n, block := 0, false
	for _, l := range lines[2:] {
		switch m := tapPoint.FindStringSubmatch(l); {
		case m != nil:
			n++
			if m[2] != strconv.Itoa(n) || block || (m[1] == "") != (results[n-1].State == Passed) {
				t.Errorf("point %d: %q", n, l)
			}
		case l == "  ---":
			block = true
		case l == "  ...":
			block = false
		case strings.HasPrefix(l, "Bail out!"):
		case !block || !tapLine.MatchString(l):
			t.Errorf("what is %q?", l)
		default:
			if _, value, _ := strings.Cut(l, ": "); strings.HasPrefix(value, `"`) && !json.Valid([]byte(value)) {
				t.Errorf("no text: %s", value)
			}
		}
	}
	if n != len(results) || block {
		t.Errorf("%d points", n)
	}
}

// No more at a time than wanted, reported in order, and none after the end.
func TestRun(t *testing.T) {
	var tests []Test
	for i := range 20 {
		tests = append(tests, Test{Name: fmt.Sprint(i)})
	}
	ctx, cancel := context.WithCancel(t.Context())
	var now, most atomic.Int64
	var order []string
	tally := Run(ctx, tests, 3, func(_ context.Context, test Test) Result {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		if test.Name == "9" {
			cancel()
		}
		time.Sleep(time.Millisecond)
		return Result{Test: test, State: Passed}
	}, func(r Result) { order = append(order, r.Name) })
	for i, name := range order {
		if name != fmt.Sprint(i) {
			t.Fatalf("in this order: %v", order)
		}
	}
	if tally.Total() != 20 || tally.Passed < 10 || tally.Passed > 13 || most.Load() > 3 {
		t.Errorf("%+v, %d at a time", tally, most.Load())
	}
}
