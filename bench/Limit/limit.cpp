// The limit of this machine: a server on epoll with nothing between it and the kernel. One thread; it reads all that has come, and
// then all that waits for a socket goes out in one write.
//
//   limit PORT [REDIS_HOST:REDIS_PORT]
//
// WebSockets at /publish/ (each message to all subscribers), /subscribe/ and /echo/; GET /gc. With a Redis, what is published goes
// through PUBLISH and comes back to every node by SUBSCRIBE.
#include <arpa/inet.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "handshake.h"

enum class Kind { http, publish, subscribe, echo, redis_publish, redis_subscribe, listener, starter };

struct Connection {
    int fd;
    Kind kind;
    std::string in;   // the part of a message whose end has not come
    std::string out;  // what the kernel has not taken yet
    bool waits = false;  // for the kernel to take more
    size_t place = 0;    // in subscribers
};

static int poll_fd;
static std::vector<Connection*> subscribers, ended;
static std::vector<Connection*> echoes;  // have something to send at the end of this turn
static std::string broadcast;            // what all subscribers get at the end of this turn
static Connection* redis_publish;

static void watch(Connection* c, int operation, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = c;
    epoll_ctl(poll_fd, operation, c->fd, &event);
}

static Connection* add(int fd, Kind kind) {
    auto* c = new Connection{fd, kind, {}, {}};
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
    return c;
}

static void end(Connection* c) {
    if (c->fd < 0) return;
    close(c->fd);
    c->fd = -1;
    if (c->kind == Kind::subscribe) {
        subscribers[c->place] = subscribers.back();
        subscribers[c->place]->place = c->place;
        subscribers.pop_back();
    }
    ended.push_back(c);  // events of this turn may still name it
}

// One write; what the kernel does not take waits until it does.
static void write_out(Connection* c, std::string_view bytes) {
    if (c->fd < 0) return;
    if (!c->out.empty()) {
        c->out.append(bytes);
        return;
    }
    ssize_t sent = send(c->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return end(c);
    if (sent < 0) sent = 0;
    if (static_cast<size_t>(sent) < bytes.size()) {
        c->out.assign(bytes.substr(sent));
        c->waits = true;
        watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
}

static void write_more(Connection* c) {
    std::string bytes;
    bytes.swap(c->out);
    write_out(c, bytes);
    if (c->fd >= 0 && c->out.empty() && c->waits) {
        c->waits = false;
        watch(c, EPOLL_CTL_MOD, EPOLLIN);
    }
}

static void append_frame(std::string& to, std::string_view text) {
    to.push_back('\x81');
    if (text.size() < 126) {
        to.push_back(static_cast<char>(text.size()));
    } else {
        to.push_back(126);
        to.push_back(static_cast<char>(text.size() >> 8));
        to.push_back(static_cast<char>(text.size() & 255));
    }
    to.append(text);
}

static void received(Connection* c, std::string_view text) {
    if (c->kind == Kind::echo) {
        if (c->out.empty()) echoes.push_back(c);
        append_frame(c->out, text);
    } else if (c->kind == Kind::publish && redis_publish == nullptr) {
        append_frame(broadcast, text);
    } else if (c->kind == Kind::publish) {
        auto& out = redis_publish->out;
        if (out.empty()) echoes.push_back(redis_publish);
        out.append("*3\r\n$7\r\nPUBLISH\r\n$3\r\nall\r\n$").append(std::to_string(text.size())).append("\r\n").append(text).append("\r\n");
    }
}

// How many bytes the client's first frame has taken; 0 when its end has not come. Texts below 64 KiB, not in fragments.
static size_t read_frame(Connection* c, char* data, size_t length) {
    if (length < 6) return 0;
    size_t size = data[1] & 127, head = 6;
    if (size == 126) {
        size = static_cast<uint8_t>(data[2]) << 8 | static_cast<uint8_t>(data[3]);
        head = 8;
    }
    if (length < head + size) return 0;
    char* text = data + head;
    const char* mask = text - 4;
    for (size_t i = 0; i < size; i++) text[i] ^= mask[i & 3];
    int opcode = data[0] & 15;
    if (opcode == 8) end(c);
    if (opcode == 1) received(c, {text, size});
    return head + size;
}

// The same for the head of a request.
static size_t read_request(Connection* c, std::string_view data) {
    size_t length = data.find("\r\n\r\n");
    if (length == std::string_view::npos) return 0;
    data = data.substr(0, length + 4);
    if (data.starts_with("GET /gc ")) {
        malloc_trim(0);
        write_out(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        return data.size();
    }
    write_out(c, upgrade_answer(data));
    c->kind = data.starts_with("GET /publish/ ") ? Kind::publish : data.starts_with("GET /echo/ ") ? Kind::echo : Kind::subscribe;
    if (c->kind == Kind::subscribe && c->fd >= 0) {
        c->place = subscribers.size();
        subscribers.push_back(c);
    }
    return data.size();
}

// The same for what Redis pushes to a subscriber: *3 $7 message $3 all $N text.
static size_t read_push(std::string_view data) {
    constexpr std::string_view message = "*3\r\n$7\r\nmessage\r\n$3\r\nall\r\n$", subscribed = "*3\r\n$9\r\nsubscribe\r\n$3\r\nall\r\n:1\r\n";
    if (data.starts_with(subscribed)) return subscribed.size();
    size_t line = data.find("\r\n", message.size());
    if (!data.starts_with(message) || line == std::string_view::npos) return 0;
    size_t size = strtoul(data.data() + message.size(), nullptr, 10), total = line + 2 + size + 2;
    if (data.size() < total) return 0;
    append_frame(broadcast, data.substr(line + 2, size));
    return total;
}

static size_t read_one(Connection* c, char* data, size_t length) {
    switch (c->kind) {
        case Kind::http: return read_request(c, {data, length});
        case Kind::redis_subscribe: return read_push({data, length});
        case Kind::redis_publish: return length;  // how many got it: of no interest
        default: return read_frame(c, data, length);
    }
}

static void read_all(Connection* c) {
    static std::vector<char> buffer(1 << 20);
    size_t kept = c->in.size();
    memcpy(buffer.data(), c->in.data(), kept);
    ssize_t got = recv(c->fd, buffer.data() + kept, buffer.size() - kept, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return end(c);
    char* data = buffer.data();
    size_t left = kept + got;
    while (left > 0 && c->fd >= 0) {
        size_t taken = read_one(c, data, left);
        if (taken == 0) break;
        data += taken;
        left -= taken;
    }
    c->in.assign(data, left);
}

static void accept_all(Connection* listener) {
    for (int fd; (fd = accept4(listener->fd, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        add(fd, Kind::http);
    }
}

static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int open_listener(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    auto address = loopback(port);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd, 4096) != 0) {
        perror("limit: listen");
        exit(1);
    }
    return fd;
}

static Connection* open_redis(std::string_view redis, Kind kind) {
    auto address = loopback(atoi(redis.substr(redis.rfind(':') + 1).data()));
    inet_pton(AF_INET, std::string(redis.substr(0, redis.rfind(':'))).c_str(), &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        perror("limit: redis");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return add(fd, kind);
}

int main(int count, char** arguments) {
    if (count < 2) {
        fprintf(stderr, "Usage: limit PORT [REDIS_HOST:REDIS_PORT]\n");
        return 1;
    }
    poll_fd = epoll_create1(0);
    add(open_listener(atoi(arguments[1])), Kind::listener);
    add(0, Kind::starter);
    if (count > 2) {
        write_out(open_redis(arguments[2], Kind::redis_subscribe), "*2\r\n$9\r\nSUBSCRIBE\r\n$3\r\nall\r\n");
        redis_publish = open_redis(arguments[2], Kind::redis_publish);
    }
    puts("ready");
    fflush(stdout);

    std::vector<epoll_event> events(1024);
    while (true) {
        int ready = epoll_wait(poll_fd, events.data(), events.size(), -1);
        for (int i = 0; i < ready; i++) {
            auto* c = static_cast<Connection*>(events[i].data.ptr);
            if (c->fd < 0) continue;
            if (c->kind == Kind::starter) return 0;  // whoever started it has gone
            if (c->kind == Kind::listener) {
                accept_all(c);
                continue;
            }
            if (events[i].events & EPOLLOUT) write_more(c);
            if (c->fd >= 0 && (events[i].events & ~EPOLLOUT)) read_all(c);
        }
        for (auto* c : echoes) {
            if (!c->waits) write_more(c);
        }
        echoes.clear();
        if (!broadcast.empty()) {
            for (size_t i = subscribers.size(); i-- > 0;) write_out(subscribers[i], broadcast);
            broadcast.clear();
        }
        for (auto* c : ended) delete c;
        ended.clear();
    }
}
