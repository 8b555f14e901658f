package command

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	goruntime "runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/parse"
	"vnet/runtime"
	"vnet/runtime/trial"
)

// statusTests: a test failed. As with go test, whatever the reason was.
const statusTests = 1

type testOptions struct {
	jobs    int
	format  string
	filter  string
	timeout timeout
	verbose bool
}

func (a *app) testCommand() *cobra.Command {
	o := &testOptions{jobs: goruntime.GOMAXPROCS(0), format: "text", timeout: timeout(time.Minute)}
	cmd := &cobra.Command{
		Use:   "test [PATH...] [NAME=VALUE...]",
		Short: "Carry out the tests of scripts, each in a network of its own",
		Long: `Carry out the test blocks of scripts, each by itself in a private network: what
stands outside of the tests first, then the block. Nothing of the real network is
seen or touched, and all is gone afterwards, however a test ends. PATH is a script
or a directory, which is looked through for *.vnet; without PATH, the directory
vnet was started in. Without root it takes user namespaces.

Exit status: 0 all passed, 1 some failed, 2 wrong command line or no tests,
3 a script is not valid (none is run then), 6 or 7 private networks cannot be made here, 130 Ctrl-C.`,
		Example: `  vnet test
  vnet test -j 8 --filter 'uplink|router' labs/
  vnet test --format junit > report.xml`,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.test(cmd, args, o) },
		ValidArgsFunction: completeScripts,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.IntVarP(&o.jobs, "jobs", "j", o.jobs, "tests at the same time")
	f.StringVar(&o.filter, "filter", "", "only tests whose name matches this regular expression")
	f.StringVar(&o.format, "format", o.format, "how to report: "+strings.Join(trial.Formats(), ", "))
	f.Var(&o.timeout, "timeout", "end a test that takes longer: 30s, 5m")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show what tests print that pass, too")
	offerWords(cmd, "format", trial.Formats())
	_ = cmd.RegisterFlagCompletionFunc("filter", a.completeTestNames)
	return cmd
}

func (a *app) test(cmd *cobra.Command, args []string, o *testOptions) error {
	if a.Run == nil {
		return misuse("this build of vnet cannot run scripts")
	}
	filter, err := regexp.Compile(o.filter)
	switch {
	case err != nil:
		return misuse("`--filter %s` is no regular expression: %s", o.filter, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	case !trial.Known(o.format):
		return misuse("no format `%s`", o.format).help("the formats: %s", strings.Join(trial.Formats(), ", "))
	case o.jobs < 1:
		return misuse("`--jobs %d`: want at least one", o.jobs)
	}
	n := scripts(args)
	if _, err := params(args[n:]); err != nil {
		return err
	}
	tests, err := a.findTests(args[:n], o.format)
	if err != nil {
		return err
	}
	if len(tests) == 0 {
		return misuse("no tests here").help("a test is a block: test \"the cable works\" { expect ping a -> b }")
	}
	tests = slices.DeleteFunc(tests, func(t trial.Test) bool { return !filter.MatchString(t.Name) })
	if len(tests) == 0 {
		return misuse("no test here is called `%s`", o.filter).help("`--filter` takes a regular expression")
	}
	return a.try(cmd.Context(), tests, args[n:], o)
}

// try carries the tests out and reports.
func (a *app) try(ctx context.Context, tests []trial.Test, values []string, o *testOptions) error {
	if bad := probe(ctx); bad != nil {
		return a.refuse(diag.List{bad})
	}
	ctx, release := withSignals(ctx)
	defer release()
	out := trial.New(o.format, a.console.out, o.verbose)
	out.Begin(len(tests))
	tally := trial.Run(ctx, tests, o.jobs, func(ctx context.Context, t trial.Test) trial.Result {
		return inPrivate(ctx, t, values, time.Duration(o.timeout))
	}, out.Result)
	out.End(tally)
	if s, ok := context.Cause(ctx).(runtime.Signal); ok {
		if s.Signal == os.Interrupt {
			return exit(int(runtime.Interrupted))
		}
		return exit(int(runtime.Terminated))
	}
	if tally.Failed+tally.NotRun > 0 {
		return exit(statusTests)
	}
	return nil
}

// findTests reads the scripts that paths lead to. Those that are not valid are
// reported, in a format for programs as well.
func (a *app) findTests(paths []string, format string) ([]trial.Test, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var tests []trial.Test
	var wrong diag.List
	var texts []runtime.Script
	for _, path := range paths {
		files, err := scriptsIn(path)
		if err != nil {
			return nil, a.refuse(diag.List{cannotOpen(path, err)})
		}
		for _, file := range files {
			s, bad := a.load(file)
			if bad != nil {
				return nil, a.refuse(diag.List{bad})
			}
			found, list := testsOf(s)
			if list.Failed() && (file == path || strings.Contains(s.Text, "test ")) {
				wrong, texts = append(wrong, list...), append(texts, s)
			}
			tests = append(tests, found...)
		}
	}
	if len(wrong) > 0 {
		a.tell(wrong, a.sources(texts...), false)
		if format != "text" {
			a.reportInvalid(texts, format)
		}
		return nil, exit(int(runtime.Invalid))
	}
	return tests, nil
}

// reportInvalid reports scripts as tests that failed, since who reads the report
// does not see standard error.
func (a *app) reportInvalid(scripts []runtime.Script, format string) {
	out := trial.New(format, a.console.out, false)
	out.Begin(len(scripts))
	for _, s := range scripts {
		_, list := testsOf(s)
		f := a.failure(s, &runtime.Report{Diags: list})
		out.Result(trial.Result{Test: trial.Test{File: s.Name, Name: "is valid", Line: f.Line}, State: trial.Failed, Failure: f})
	}
	out.End(trial.Tally{Failed: len(scripts)})
}

// testsOf lists the tests of a script.
func testsOf(s runtime.Script) ([]trial.Test, diag.List) {
	var tests []trial.Test
	file, list := parse.File(s.Name, s.Text)
	for _, stmt := range file.Stmts {
		if t, ok := stmt.(*ast.Test); ok {
			if name, plain := ast.Lit(t.Name); plain {
				tests = append(tests, trial.Test{File: s.Name, Name: name, Line: t.Pos.Line})
			}
		}
	}
	return tests, list
}

// scriptsIn gives a file, or the scripts of a directory and those below it.
func scriptsIn(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	var files []string
	err = filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		switch hidden := strings.HasPrefix(e.Name(), ".") && p != path; {
		case err != nil:
			return err
		case e.IsDir() && hidden:
			return fs.SkipDir
		case !e.IsDir() && !hidden && filepath.Ext(p) == ".vnet":
			files = append(files, p)
		}
		return nil
	})
	return files, err
}

// failed is the result of a test that did not even begin, or was lost.
func failed(t trial.Test, format string, args ...any) trial.Result {
	return trial.Result{Test: t, State: trial.Failed, Failure: &trial.Failure{Summary: fmt.Sprintf(format, args...)}}
}
