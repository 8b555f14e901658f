package trial

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// junit is the XML that continuous integration reads: a suite for each file. It
// is written at the end, since a suite begins with its counts. The schema is
// that of Jenkins (jenkins-junit.xsd).
type junit struct {
	w   io.Writer
	all []Result
}

type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Time     string   `xml:"time,attr"`
	Suites   []suite  `xml:"testsuite"`
}

type suite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Time    string        `xml:"time,attr"`
	Skipped *junitSkipped `xml:"skipped"`
	Failure *junitFailure `xml:"failure"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

func (f *junit) Begin(int) {}

func (f *junit) Result(r Result) { f.all = append(f.all, r) }

func (f *junit) End(t Tally) {
	out := suites{Tests: t.Total(), Failures: t.Failed, Skipped: t.NotRun, Time: decimal(t.Elapsed)}
	took := map[string]time.Duration{}
	for _, r := range f.all {
		if n := len(out.Suites); n == 0 || out.Suites[n-1].Name != valid(r.File) {
			out.Suites = append(out.Suites, suite{Name: valid(r.File)})
		}
		s := &out.Suites[len(out.Suites)-1]
		s.Tests++
		took[s.Name] += r.Elapsed
		s.Time = decimal(took[s.Name])
		c := junitCase{Name: valid(r.Name), Class: valid(strings.TrimSuffix(r.File, ".vnet")), File: valid(r.File), Line: r.Line, Time: decimal(r.Elapsed), Output: valid(r.Output)}
		switch r.State {
		case NotRun:
			s.Skipped++
			c.Skipped = &junitSkipped{Message: "not run"}
		case Failed:
			s.Failures++
			c.Failure = &junitFailure{Type: "failure", Message: "failed"}
			if r.Failure != nil {
				c.Failure = &junitFailure{Type: either(r.Failure.Code, "failure"), Message: valid(r.Failure.Summary), Text: valid(r.Failure.Text)}
			}
		}
		s.Cases = append(s.Cases, c)
	}
	b, err := xml.MarshalIndent(out, "", "  ")
	if err == nil {
		fmt.Fprintf(f.w, "%s%s\n", xml.Header, b)
	}
}

func decimal(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// valid replaces what no XML may hold.
func valid(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff {
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
