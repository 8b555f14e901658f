package kerneltest

import (
	"os"
	"strconv"
	"time"
)

// Patience is how long a test may take that is to be done within d: longer
// where VNET_TEST_SLOW says that everything is, as in a machine without a
// processor of its own.
func Patience(d time.Duration) time.Duration {
	if slow, err := strconv.Atoi(os.Getenv("VNET_TEST_SLOW")); err == nil && slow > 1 {
		return d * time.Duration(slow)
	}
	return d
}
