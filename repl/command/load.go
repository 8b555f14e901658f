package command

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime"
)

// maxScript is the largest script that is read, in bytes.
const maxScript = 64 << 20

// Standard input as a file name, and as messages call it.
const (
	dash  = "-"
	stdin = "<stdin>"
)

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// isParam reports whether an argument is a value for a param:  hosts=5
func isParam(arg string) bool {
	key, _, ok := strings.Cut(arg, "=")
	return ok && name.Identifier(key) == nil
}

// params reads the NAME=VALUE arguments behind a script.
func params(args []string) (map[string]string, error) {
	values := make(map[string]string, len(args))
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		switch _, twice := values[key]; {
		case !ok:
			return nil, misuse("`%s` is no value for a param", arg).help("write NAME=VALUE")
		case name.Identifier(key) != nil:
			return nil, misuse("%s", name.Identifier(key))
		case twice:
			return nil, misuse("`%s` has two values", key)
		}
		values[key] = value
	}
	return values, nil
}

// script reads the file args begin with, or standard input without any.
func (a *app) script(args []string) (runtime.Script, error) {
	path := dash
	if len(args) > 0 {
		path, args = args[0], args[1:]
	}
	values, err := params(args)
	if err != nil {
		return runtime.Script{}, err
	}
	s, bad := a.load(path)
	if bad != nil {
		return s, a.refuse(diag.List{bad})
	}
	s.Args = values
	return s, nil
}

// load reads a script.
func (a *app) load(path string) (runtime.Script, *diag.Diagnostic) {
	if path == dash {
		text, bad := readText(stdin, a.std.In)
		return runtime.Script{Name: stdin, Text: text}, bad
	}
	text, bad := readFile(path)
	return runtime.Script{Name: path, Dir: filepath.Dir(path), Text: text}, bad
}

func problem(code diag.Code, format string, args ...any) *diag.Diagnostic {
	return diag.New(code, token.Span{}, format, args...)
}

// readFile reads a file. It is opened without waiting: a FIFO that nobody
// writes to would hold us up for ever.
func readFile(path string) (string, *diag.Diagnostic) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", cannotOpen(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", cannotOpen(path, err)
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		d := problem(diag.FileDirectory, "`%s` is a directory", path)
		if files, _ := filepath.Glob(filepath.Join(globQuote(path), "*.vnet")); len(files) > 0 {
			d.WithHelp("name a script in it: `%s`", files[0])
		}
		return "", d
	case mode.IsRegular() && info.Size() > maxScript:
		return "", tooLarge(path)
	case !mode.IsRegular() && !inherited(path):
		return "", problem(diag.NotAScript, "`%s` is %s", path, kindOf(mode)).
			WithHelp("to read a script from it, write `vnet - < %s`", path)
	}
	return readText(path, f)
}

// inherited reports whether a path stands for an open file of ours, as the
// shell's <(…) does.
func inherited(path string) bool {
	return path == "/dev/stdin" || path == os.DevNull || strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/self/fd/")
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "not a file"
}

func cannotOpen(path string, err error) *diag.Diagnostic {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		d := problem(diag.FileAbsent, "no file `%s`", path)
		if near, ok := nearFile(path); ok {
			d.WithHelp("did you mean `%s`?", near)
		}
		return d
	case errors.Is(err, fs.ErrPermission):
		return problem(diag.FileDenied, "`%s` may not be read", path)
	case errors.Is(err, syscall.ENXIO):
		return problem(diag.NotAScript, "`%s` is a socket", path)
	}
	return problem(diag.FileAbsent, "cannot open `%s`: %s", path, reason(err))
}

func tooLarge(path string) *diag.Diagnostic {
	return problem(diag.FileTooLarge, "`%s` is larger than %d MB", path, maxScript>>20)
}

func readText(path string, r io.Reader) (string, *diag.Diagnostic) {
	text, err := io.ReadAll(io.LimitReader(r, maxScript+1))
	switch {
	case err != nil:
		return "", problem(diag.FileDenied, "cannot read `%s`: %s", path, reason(err))
	case len(text) > maxScript:
		return "", tooLarge(path)
	case bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0:
		return "", problem(diag.NotAScript, "`%s` is not a text file", path).
			WithHelp("scripts are UTF-8 text")
	}
	return string(text), nil
}

// sources finds the text of a script and of the modules it imports.
func (a *app) sources(scripts ...runtime.Script) diag.Sources {
	return func(file string) (string, bool) {
		for _, s := range scripts {
			if s.Name == file {
				return s.Text, true
			}
		}
		if a.Source != nil {
			if text, ok := a.Source(file); ok {
				return text, true
			}
		}
		text, bad := readFile(file)
		return text, bad == nil
	}
}
