package runtime_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vnet/lang/diag"
	"vnet/lang/usage"
	"vnet/runtime"
	"vnet/runtime/kernel/kerneltest"
	"vnet/stdlib"
)

const reference = "../lang/SPEC.md"

var rewrite = flag.Bool("rewrite", false, "write the tables of the reference anew")

// A sample is an example of the reference: one that works; one that is wrong,
// with the code of what is wrong; or a file for those behind it.
type sample struct {
	line  int
	text  string
	wrong diag.Code
	file  string
	args  map[string]string
}

func (s sample) name() string { return fmt.Sprintf("SPEC.md:%d", s.line) }

// samples reads the fences called vnet. What may stand behind that word:
//
//	wrong V1002      it is reported by that code, and by no other
//	file lan.vnet    the examples behind it find it under that name
//	with nic=eth9    it is given this value for a param
func samples(t *testing.T) []sample {
	t.Helper()
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	var out []sample
	var now *sample
	other := false
	for i, line := range strings.Split(string(text), "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		words := strings.Fields(fence)
		switch {
		case isFence && now != nil:
			out = append(out, *now)
			now = nil
		case isFence && !other && len(words) > 0 && words[0] == "vnet":
			now = &sample{line: i + 1, args: map[string]string{}}
			for k := 1; k+1 < len(words); k += 2 {
				switch words[k] {
				case "wrong":
					now.wrong = diag.Code(words[k+1])
				case "file":
					now.file = words[k+1]
				case "with":
					key, value, _ := strings.Cut(words[k+1], "=")
					now.args[key] = value
				default:
					t.Fatalf("%s:%d: a fence with %q", reference, i+1, words[k])
				}
			}
		case isFence:
			other = !other
		case now != nil:
			now.text += line + "\n"
		}
	}
	if now != nil || other {
		t.Fatalf("%s: a fence is not closed", reference)
	}
	return out
}

// onRun are the codes of what only a run can find.
var onRun = regexp.MustCompile(`^V(40|5|6)`)

// judge compares what was found in a sample with what it promises.
func judge(t *testing.T, s sample, found diag.List, ran bool) {
	t.Helper()
	var codes []diag.Code
	for _, d := range found {
		if !slices.Contains(codes, d.Code) {
			codes = append(codes, d.Code)
		}
	}
	switch {
	case s.wrong == "" && len(found) > 0:
		t.Errorf("%s: %v", s.name(), found)
	case s.wrong == "", slices.Equal(codes, []diag.Code{s.wrong}):
	case !ran && len(found) == 0 && onRun.MatchString(string(s.wrong)):
	default:
		t.Errorf("%s: found %v, want %s: %v", s.name(), codes, s.wrong, found)
	}
}

func (s sample) script(dir string) runtime.Script {
	return runtime.Script{Name: filepath.Join(dir, fmt.Sprintf("line%d.vnet", s.line)), Dir: dir, Text: s.text, Args: s.args}
}

// place writes a sample to its file; false for one that is none.
func (s sample) place(t *testing.T, dir string) {
	t.Helper()
	if s.file == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, s.file), []byte(s.text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// Every example of the reference does on the model what is said of it.
func TestSpecOnModel(t *testing.T) {
	dir := t.TempDir()
	for _, s := range samples(t) {
		s.place(t, dir)
		judge(t, s, runtime.Check(context.Background(), s.script(dir)), false)
	}
}

// Every example of the reference does on the kernel what is said of it.
func TestSpecOnKernel(t *testing.T) {
	if os.Getenv("VNET_SPEC_INSIDE") == "" {
		apart(t)
		return
	}
	dir := t.TempDir()
	for _, s := range samples(t) {
		s.place(t, dir)
		t.Run(s.name(), func(t *testing.T) {
			var out bytes.Buffer
			r := runtime.Run(context.Background(), s.script(dir), runtime.Settings{Stdout: &out, Stderr: &out, Remove: true})
			if r.Ending == runtime.Unsupported {
				t.Skipf("this kernel lacks something: %v", r.Diags)
			}
			judge(t, s, r.Diags, true)
			if len(r.Left) > 0 {
				t.Errorf("left: %s", r.Left)
			}
			if t.Failed() {
				t.Log(s.text, out.String())
			}
		})
	}
}

// apart runs the calling test once more, on a machine of its own.
func apart(t *testing.T) {
	t.Helper()
	m := kerneltest.New(t)
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "VNET_SPEC_INSIDE=yes")
	o := m.TryCmd(cmd)
	for line := range strings.Lines(o.Out) {
		if strings.Contains(line, "this kernel lacks") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if o.Status != 0 {
		t.Errorf("exit status %d\n%s%s", o.Status, o.Out, o.Err)
	}
}

// The tables of the reference are those that the parser and the functions work
// with.
func TestSpecTables(t *testing.T) {
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	generated := regexp.MustCompile(`(?s)<!-- table: ([a-z]+) -->\n.*?<!-- end -->`)
	want := generated.ReplaceAllStringFunc(string(text), func(old string) string {
		word := generated.FindStringSubmatch(old)[1]
		seen[word] = true
		return "<!-- table: " + word + " -->\n" + table(t, word) + "<!-- end -->"
	})
	for _, word := range append(usage.Words(), "functions", "later") {
		if !seen[word] {
			t.Errorf("nothing about `%s`: its place is <!-- table: %s --> and <!-- end -->", word, word)
		}
	}
	if want == string(text) {
		return
	}
	if !*rewrite {
		t.Fatalf("the tables are out of date: go test ./runtime -run %s -rewrite", t.Name())
	}
	if err := os.WriteFile(reference, []byte(want), 0o666); err != nil {
		t.Fatal(err)
	}
}

func table(t *testing.T, word string) string {
	t.Helper()
	var b strings.Builder
	switch word {
	case "functions":
		b.WriteString("| function | gives |\n|---|---|\n")
		for _, f := range stdlib.Builtins {
			fmt.Fprintf(&b, "| `%s` | %s |\n", f.Sig, cell(f.Doc))
		}
		return b.String()
	case "later":
		b.WriteString("| word | what it will be |\n|---|---|\n")
		for _, l := range usage.LaterWords() {
			fmt.Fprintf(&b, "| `%s` | %s |\n", l.Word, cell(l.Doc))
		}
		return b.String()
	}
	e := usage.Of(word)
	if e == nil {
		t.Fatalf("there is no statement `%s`", word)
	}
	b.WriteString("```text\n" + strings.Join(e.Forms, "\n") + "\n```\n\n")
	if len(e.Options) == 0 {
		return b.String()
	}
	b.WriteString("| option | takes | |\n|---|---|---|\n")
	for _, o := range e.Options {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(optionName(o)), cell(optionTakes(o)), cell(optionDoc(o)))
	}
	b.WriteString("\n")
	return b.String()
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// scopes says what of a statement its option is about.
var scopes = map[usage.Scope]string{usage.Side: "of an end: ", usage.Cable: "", usage.Hop: "of a nexthop: ",
	usage.Ping: "of `ping`: ", usage.Dial: "of `tcp` and `udp`: ", usage.Way: "of `path`: ", usage.RouteTo: "of `route`: "}

func optionName(o usage.Option) string {
	return scopes[o.Scope] + "`" + strings.TrimSpace(o.Name+" "+o.Arg) + "`"
}

func optionTakes(o usage.Option) string {
	takes := o.Phrase()
	switch {
	case o.Kind == usage.None:
		return ""
	case o.Compare:
		takes = "`<`, `<=`, `>`, `>=`, `==` or `!=`, and " + o.Kind.Phrase()
	case o.Kind == usage.Port:
		takes = "a number from 1 to 65535"
	case o.Kind == usage.Int && o.Max != 0:
		takes = fmt.Sprintf("a number from %d to %d", o.Min, o.Max)
	}
	if len(o.Values) > 0 && o.Kind != usage.Word {
		takes += ", or " + usage.Quoted(o.Values)
	}
	return takes
}

func optionDoc(o usage.Option) string {
	doc := o.Doc
	if o.Same != "" {
		doc += "; the same as `" + o.Same + "`"
	}
	if o.Required {
		doc += "; must be given"
	}
	if o.Repeat {
		doc += "; may be given again"
	}
	if o.Later != "" {
		doc += " (not in this version)"
	}
	return doc
}

// What a later version has is refused, and nothing else is said of it.
func TestNotYet(t *testing.T) {
	for _, text := range []string{
		"ns a private /tmp",
		"ns a\nbridge b\nveth a <-> b access 5", "ns a\nbridge b\nveth a <-> b trunk 5",
		"ns a b\nveth a <-> b delay 5ms", "ns a b\nveth a <-> b jitter 5ms", "ns a b\nveth a <-> b loss 1%", "ns a b\nveth a <-> b rate 1mbit",
		"ns a b\nveth a <-> b delay 50", "ns a b\nveth a <-> b loss lots",
	} {
		found := runtime.Check(context.Background(), runtime.Script{Name: "test.vnet", Text: text})
		if len(found) != 1 || found[0].Code != diag.NotInVersion {
			t.Errorf("%s: %v, want %s", text, found, diag.NotInVersion)
		}
	}
}
