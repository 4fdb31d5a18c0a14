// The answer to a WebSocket's handshake (RFC 6455, 4.2.2), which needs SHA-1 and Base64.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

inline std::string sha1(std::string text) {
    uint32_t hash[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    uint64_t bits = text.size() * 8;
    text.push_back('\x80');
    while (text.size() % 64 != 56) text.push_back(0);
    for (int i = 7; i >= 0; i--) text.push_back(static_cast<char>(bits >> (8 * i)));
    auto turn = [](uint32_t value, int by) { return value << by | value >> (32 - by); };
    for (size_t block = 0; block < text.size(); block += 64) {
        uint32_t w[80];
        for (int i = 0; i < 16; i++) {
            auto* b = reinterpret_cast<const uint8_t*>(text.data()) + block + 4 * i;
            w[i] = b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
        }
        for (int i = 16; i < 80; i++) w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
            uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
            uint32_t next = turn(a, 5) + f + e + k + w[i];
            e = d, d = c, c = turn(b, 30), b = a, a = next;
        }
        hash[0] += a, hash[1] += b, hash[2] += c, hash[3] += d, hash[4] += e;
    }
    std::string bytes;
    for (uint32_t part : hash)
        for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(part >> shift));
    return bytes;
}

inline std::string base64(std::string bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = bytes.size();
    bytes.resize((length + 2) / 3 * 3);
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t three = static_cast<uint8_t>(bytes[i]) << 16 | static_cast<uint8_t>(bytes[i + 1]) << 8 | static_cast<uint8_t>(bytes[i + 2]);
        for (int shift = 18; shift >= 0; shift -= 6) text.push_back(digits[three >> shift & 63]);
    }
    for (size_t i = 0; i < bytes.size() - length; i++) text[text.size() - 1 - i] = '=';
    return text;
}

inline std::string upgrade_answer(std::string_view request) {
    constexpr std::string_view name = "\r\nSec-WebSocket-Key: ";
    size_t from = request.find(name);
    std::string key;
    if (from != std::string_view::npos) key = request.substr(from + name.size(), request.find("\r\n", from + 2) - from - name.size());
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + base64(sha1(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) + "\r\n\r\n";
}
