package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func get(t *testing.T, handler http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer
}

func TestTheGreetingNamesServiceAndVersion(t *testing.T) {
	answer := get(t, newService("v0.1.1", 0).handler(), "/")
	if answer.Code != http.StatusOK || answer.Body.String() != "Hello from helloservice v0.1.1\n" {
		t.Errorf("got %d %q", answer.Code, answer.Body.String())
	}
}

func TestOnlyVersion012IsSlow(t *testing.T) {
	if slowness["v0.1.1"] != 0 || slowness["v0.1.2"] != 400*time.Millisecond {
		t.Errorf("got %v", slowness)
	}
	begun := time.Now()
	get(t, newService("v0.1.2", 50*time.Millisecond).handler(), "/")
	if took := time.Since(begun); took < 50*time.Millisecond {
		t.Errorf("answered after %s", took)
	}
}

func TestMetricsCountGreetingsAndUnknownPathsButNotProbes(t *testing.T) {
	handler := newService("v0.1.1", 0).handler()
	for _, path := range []string{"/", "/", "/nowhere", "/healthz", "/metrics"} {
		get(t, handler, path)
	}
	metrics := get(t, handler, "/metrics").Body.String()
	for _, line := range []string{
		`http_requests_total{status="success"} 2`,
		`http_requests_total{status="error"} 1`,
		`http_server_request_duration_seconds_count{method="GET",route="/",status_code="200"} 2`,
		`http_server_request_duration_seconds_count{method="GET",route="other",status_code="404"} 1`,
		"go_goroutines ",
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no %q in\n%s", line, metrics)
		}
	}
	if strings.Contains(metrics, "healthz") {
		t.Error("probes are counted")
	}
}

func TestAStoppingInstanceIsNotReadyButStillAnswers(t *testing.T) {
	service := newService("v0.1.1", 0)
	service.stopping.Store(true)
	if code := get(t, service.handler(), "/healthz").Code; code != http.StatusServiceUnavailable {
		t.Errorf("/healthz answered %d", code)
	}
	if code := get(t, service.handler(), "/").Code; code != http.StatusOK {
		t.Errorf("/ answered %d", code)
	}
}
