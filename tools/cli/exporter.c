// SPDX-License-Identifier: MIT
/*
 * pumori exporter: metrics for Prometheus over HTTP, or as text once.
 *
 * A GET of one path from one machine at a time needs no library for HTTP; those that there are bring TLS along.
 */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli.h"
#include "metrics.h"
#include "sample.h"
#include "session.h"

#define DEFAULT_ADDRESS	"127.0.0.1"
#define DEFAULT_PORT	9464u
#define REQUEST_BYTES	8192u
/* A client that has not sent its request, or taken the answer, by then is dropped. */
#define CLIENT_MS	5000u
#define ERRORS_MAX	2048u

struct options {
	const char *address;
	struct cli_number port;
	bool once;
};

/** struct exporter - what a scrape needs */
struct exporter {
	const struct cli_globals *globals;
	struct pumori_telemetry *telemetry;
	struct cli_metrics *metrics;
	struct pumori_telemetry_error *errors;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* The metrics of now, to be freed; NULL when they cannot be had, which was printed. */
static char *scrape(struct exporter *exporter, size_t *bytes)
{
	struct cli_sample sample;
	size_t count = 0;
	char *text;

	if (cli_sample_take_any(exporter->globals, exporter->telemetry, CLI_SAMPLE_CORES, &sample) != CLI_OK)
		return NULL;
	for (size_t i = 0; i < sample.count && count < ERRORS_MAX; i++) {
		int found;

		exporter->errors[count].size = sizeof(*exporter->errors);
		found = pumori_telemetry_errors(exporter->telemetry, (uint32_t)sample.devices[i].info.index,
						exporter->errors + count, ERRORS_MAX - count);
		/* Without the family there are none to tell of. */
		if (found > 0)
			count += (size_t)found < ERRORS_MAX - count ? (size_t)found : ERRORS_MAX - count;
	}
	text = cli_metrics_text(exporter->metrics, &sample, exporter->errors, count, bytes);
	cli_sample_free(&sample);
	if (!text)
		cli_fail_memory();
	return text;
}

/* --- HTTP --------------------------------------------------------------------------------------- */

static bool send_all(int client, const char *bytes, size_t count, uint64_t end_ns)
{
	while (count) {
		struct pollfd poll_fd = { .fd = client, .events = POLLOUT };
		ssize_t sent = send(client, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			bytes += sent;
			count -= (size_t)sent;
		} else if (errno != EAGAIN || cli_now_ns() >= end_ns || poll(&poll_fd, 1, 100) < 0) {
			return false;
		}
	}
	return true;
}

/* Reads up to the empty line that ends a request without a body. */
static bool read_request(int client, char request[REQUEST_BYTES], uint64_t end_ns)
{
	size_t used = 0;

	while (!stop && cli_now_ns() < end_ns && used < REQUEST_BYTES - 1) {
		struct pollfd poll_fd = { .fd = client, .events = POLLIN };
		ssize_t got;

		if (poll(&poll_fd, 1, 100) <= 0)
			continue;
		got = recv(client, request + used, REQUEST_BYTES - 1 - used, MSG_DONTWAIT);
		if (got <= 0)
			return false;
		used += (size_t)got;
		request[used] = '\0';
		if (strstr(request, "\r\n\r\n") || strstr(request, "\n\n"))
			return true;
	}
	return false;
}

static void answer(int client, const char *status, const char *type, const char *body, size_t bytes, bool with_body,
		   uint64_t end_ns)
{
	char head[256];
	int length = snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			      "Connection: close\r\n\r\n", status, type, bytes);

	if (send_all(client, head, (size_t)length, end_ns) && with_body)
		send_all(client, body, bytes, end_ns);
}

static void serve(struct exporter *exporter, int client)
{
	static const char page[] = "<html><body><a href=\"/metrics\">metrics</a> of pumori exporter</body></html>\n";
	uint64_t end_ns = cli_now_ns() + CLIENT_MS * 1000000ull;
	char request[REQUEST_BYTES], method[8] = "", path[64] = "";
	size_t bytes = 0;
	bool get;
	char *text;

	if (!read_request(client, request, end_ns) || sscanf(request, "%7s %63s HTTP/", method, path) != 2)
		return;
	get = !strcmp(method, "GET");
	path[strcspn(path, "?")] = '\0';
	if (!get && strcmp(method, "HEAD")) {
		answer(client, "405 Method Not Allowed", "text/plain", "GET only\n", 9, true, end_ns);
	} else if (!strcmp(path, "/metrics")) {
		text = scrape(exporter, &bytes);
		if (text)
			answer(client, "200 OK", "text/plain; version=0.0.4; charset=utf-8", text, bytes, get, end_ns);
		else
			answer(client, "503 Service Unavailable", "text/plain", "no metrics\n", 11, get, end_ns);
		free(text);
	} else if (!strcmp(path, "/")) {
		answer(client, "200 OK", "text/html", page, sizeof(page) - 1, get, end_ns);
	} else {
		answer(client, "404 Not Found", "text/plain", "try /metrics\n", 13, get, end_ns);
	}
}

/* A socket that listens; prints why not. Return: it, or a negative exit code */
static int listen_on(const struct options *options)
{
	const char *address = options->address ? options->address : DEFAULT_ADDRESS;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *info;
	char port[8];
	int error, one = 1, file;

	snprintf(port, sizeof(port), "%" PRIu64, options->port.given ? options->port.value : DEFAULT_PORT);
	error = getaddrinfo(address, port, &hints, &info);
	if (error)
		return -cli_fail(CLI_USAGE, "'%s' is no address: %s", address, gai_strerror(error));
	file = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (file >= 0)
		setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (file < 0 || bind(file, info->ai_addr, info->ai_addrlen) || listen(file, 8)) {
		error = errno;
		if (file >= 0)
			close(file);
		freeaddrinfo(info);
		return -cli_fail(error == EACCES ? CLI_PERMISSION : CLI_INPUT, "cannot listen on %s port %s: %s; try --port",
				 address, port, strerror(error));
	}
	freeaddrinfo(info);
	return file;
}

/* With port 0 the system chooses; whoever started this wants to know which. */
static void print_address(int file)
{
	struct sockaddr_storage address;
	char host[64], port[16];
	socklen_t bytes = sizeof(address);

	if (!getsockname(file, (struct sockaddr *)&address, &bytes) &&
	    !getnameinfo((struct sockaddr *)&address, bytes, host, sizeof(host), port, sizeof(port),
			 NI_NUMERICHOST | NI_NUMERICSERV))
		printf(strchr(host, ':') ? "http://[%s]:%s/metrics\n" : "http://%s:%s/metrics\n", host, port);
	fflush(stdout);
}

static int run_server(const struct options *options, struct exporter *exporter)
{
	const struct sigaction action = { .sa_handler = on_signal };
	int file = listen_on(options);

	if (file < 0)
		return -file;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	print_address(file);
	while (!stop) {
		struct pollfd poll_fd = { .fd = file, .events = POLLIN };
		int client;

		if (poll(&poll_fd, 1, 1000) <= 0)
			continue;
		client = accept4(file, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		serve(exporter, client);
		close(client);
	}
	close(file);
	return CLI_OK;
}

static int exporter(const struct cli_call *call)
{
	const struct options *options = call->options;
	struct exporter exporter = { .globals = call->globals, .metrics = cli_metrics_create() };
	int code = cli_telemetry_open(&exporter.telemetry);
	size_t bytes;
	char *text;

	if (code != CLI_OK) {
		cli_metrics_destroy(exporter.metrics);
		return code;
	}
	exporter.errors = calloc(ERRORS_MAX, sizeof(*exporter.errors));
	if (!exporter.metrics || !exporter.errors) {
		code = cli_fail_memory();
	} else if (options->once) {
		text = scrape(&exporter, &bytes);
		code = text ? CLI_OK : CLI_INTERNAL;
		if (text)
			fwrite(text, 1, bytes, stdout);
		free(text);
	} else {
		code = run_server(options, &exporter);
	}
	free(exporter.errors);
	cli_metrics_destroy(exporter.metrics);
	pumori_telemetry_destroy(exporter.telemetry);
	return code;
}

static const struct cli_option options[] = {
	{ .name = "address", .letter = 'a', .type = CLI_OPTION_STRING, .argument = "ADDRESS",
	  .help = "to listen on, 127.0.0.1 without it", .offset = offsetof(struct options, address) },
	{ .name = "port", .letter = 'p', .type = CLI_OPTION_NUMBER, .argument = "N", .help = "9464 without it; 0: any that is free",
	  .offset = offsetof(struct options, port), .maximum = 65535 },
	{ .name = "once", .type = CLI_OPTION_FLAG, .help = "print the metrics and end, for a textfile collector",
	  .offset = offsetof(struct options, once) },
	{ .name = NULL },
};

const struct cli_command cli_command_exporter = {
	.name = "exporter",
	.summary = "serve metrics to Prometheus",
	.description = "Answers GET /metrics in the text format 0.0.4 until it is interrupted, and prints the address first.\n"
		       "Counters never go back while it runs, also when a device is found anew.",
	.run = exporter,
	.options = options,
	.options_bytes = sizeof(struct options),
};
