package sandbox

import "testing"

func TestWithAdminDirs(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/bin:/bin":        "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
		"/usr/sbin:/bin":       "/usr/sbin:/bin:/usr/local/sbin:/sbin",
		"/sbin::/usr/sbin:bin": "/sbin::/usr/sbin:bin:/usr/local/sbin",
		"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	} {
		if got := withAdminDirs(path); got != want {
			t.Errorf("%s: %s, not %s", path, got, want)
		}
	}
}
