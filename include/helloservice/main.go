// Helloservice is the sample service of the demo: it greets, tells which version it is, and counts its requests.
//
// One source gives several versions; the linker sets which one a binary is:
//
//	go build -ldflags "-X main.version=v0.1.2" .
//
// v0.1.1 answers at once. v0.1.2 is the bad release of the demo: every greeting takes 0.4 seconds.
package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// version is what this binary calls itself; set by -ldflags.
var version = "dev"

// slowness of the versions that have one; any other version answers at once.
var slowness = map[string]time.Duration{"v0.1.2": 400 * time.Millisecond}

const (
	address = ":9000"
	// drain is how long a stopping instance still answers: the time a cluster needs to take it out of its
	// Services. Closing sooner loses requests during a rolling update.
	drain = 3 * time.Second
	// finish is how long requests that have begun may take after that.
	finish = 5 * time.Second
)

func main() {
	service := newService(version, slowness[version])
	server := &http.Server{Addr: address, Handler: service.handler(), ReadHeaderTimeout: 5 * time.Second}

	stopped := make(chan error, 1)
	asked, forget := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer forget()
	go func() {
		<-asked.Done()
		stopped <- stop(server, service)
	}()

	slog.Info("listening", "address", address, "version", version, "slowness", slowness[version].String())
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		slog.Error("cannot listen; is another process using the port?", "address", address, "error", err)
		os.Exit(1)
	}
	if err := <-stopped; err != nil {
		slog.Error("requests were cut off while stopping", "error", err)
		os.Exit(1)
	}
}

// stop says "not ready", goes on answering while the cluster notices, then lets begun requests end.
func stop(server *http.Server, service *service) error {
	slog.Info("stopping", "drain", drain.String())
	service.stopping.Store(true)
	server.SetKeepAlivesEnabled(false)
	time.Sleep(drain)
	limit, cancel := context.WithTimeout(context.Background(), finish)
	defer cancel()
	return server.Shutdown(limit)
}
