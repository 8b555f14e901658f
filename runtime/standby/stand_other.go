//go:build !amd64 && !arm64

package standby

// stand executes the program: a list of system calls needs a few words in the
// language of the processor.
func stand(exe string, argv []string, null, pipe int) (pid int, list any, err error) {
	pid, err = execute(exe, argv, null, pipe)
	return pid, nil, err
}
