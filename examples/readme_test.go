package examples

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vnet/runtime/kernel/kerneltest"
)

var readme = flag.Bool("readme", false, "write what the commands of the README print into it")

var (
	scriptFence  = regexp.MustCompile("(?s)```vnet\n# ([a-z-]+\\.vnet)\n.*?```\n")
	consoleFence = regexp.MustCompile("(?s)```console\n(.*?)```\n")
)

// The README shows scripts, commands and what they print: it is what they
// print, but for times and what the kernel chooses at random.
func TestReadme(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir, own := t.TempDir(), t.TempDir() // own is for the socket of a private network
	if err := os.Chmod(own, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, script := range scriptFence.FindAllStringSubmatch(string(text), -1) {
		body := strings.TrimSuffix(strings.TrimPrefix(script[0], "```vnet\n"), "```\n")
		if err := os.WriteFile(filepath.Join(dir, script[1]), []byte(body), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want := consoleFence.ReplaceAllStringFunc(string(text), func(fence string) string {
		var b strings.Builder
		b.WriteString("```console\n")
		for line := range strings.Lines(consoleFence.FindStringSubmatch(fence)[1]) {
			command, ok := strings.CutPrefix(line, "# ")
			if !ok {
				continue
			}
			b.WriteString(line)
			cmd := exec.Command("sh", "-c", "exec 2>&1\n"+command)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+own)
			b.WriteString(blanks.ReplaceAllString(m.TryCmd(cmd).Out, "\n"))
		}
		return b.String() + "```\n"
	})
	if same(string(text)) == same(want) {
		return
	}
	if *readme {
		if err := os.WriteFile("../README.md", []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, now := strings.Split(same(string(text)), "\n"), strings.Split(same(want), "\n")
	for i := range min(len(have), len(now)) {
		if have[i] != now[i] {
			t.Fatalf("README.md says\n\t%s\nand it is\n\t%s\nto write it anew: go test ./examples -run %s -readme", have[i], now[i], t.Name())
		}
	}
	t.Fatal("a command of the README prints more or less than it says")
}

var (
	blanks = regexp.MustCompile(`[ \t]+\n`)
	aTime  = regexp.MustCompile(`\b[0-9]+(\.[0-9]+)? (ms|s|min)\b`)
	aMAC   = regexp.MustCompile(`\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b`)
	aLocal = regexp.MustCompile(` fe80::[0-9a-f:]+/64( \(tentative\))?`)
)

// same leaves out of a text what differs from run to run.
func same(text string) string {
	text = aTime.ReplaceAllString(text, "TIME")
	text = aMAC.ReplaceAllString(text, "MAC")
	return aLocal.ReplaceAllString(text, "")
}
