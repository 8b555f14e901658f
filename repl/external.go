package repl

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// editText lets the user's editor change a text. It is in a file of a folder
// that only the user can look into, together with what the editor puts beside
// it. The editor's command may have arguments, as `code --wait` has: like git,
// vnet has a shell read it.
func editText(text string, in, out *os.File) (string, error) {
	dir, err := os.MkdirTemp("", "vnet-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "entry.vnet")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", err
	}
	editor := cmp.Or(os.Getenv("VISUAL"), os.Getenv("EDITOR"), "vi")
	cmd := exec.Command("sh", "-c", editor+` "$@"`, editor, path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, out
	// Ctrl-C is for the editor.
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, unix.SIGQUIT)
	defer signal.Stop(c)
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("the editor `%s` failed: %w; nothing was changed", editor, err)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	edited, err := io.ReadAll(f)
	return string(edited), err
}
