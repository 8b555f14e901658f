package runtime

import "os"

// A Signal is the cause (context.Cause) of a context that a signal ended.
type Signal struct{ os.Signal }

func (s Signal) Error() string { return "stopped by the signal " + s.String() }
