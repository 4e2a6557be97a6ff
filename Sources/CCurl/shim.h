// What Swift sees of libcurl: its headers, and its functions of variable arguments with the types that are used here.

#pragma once
#include <curl/curl.h>

static inline CURLcode swiftlet_curl_set_number(CURL *handle, CURLoption option, long value) {
  return (curl_easy_setopt)(handle, option, value);
}

/// libcurl copies strings, and keeps other pointers as they are.
static inline CURLcode swiftlet_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
  return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode swiftlet_curl_set_writer(CURL *handle, CURLoption option, curl_write_callback function) {
  return (curl_easy_setopt)(handle, option, function);
}

static inline CURLcode swiftlet_curl_set_progress(CURL *handle, curl_xferinfo_callback function) {
  return (curl_easy_setopt)(handle, CURLOPT_XFERINFOFUNCTION, function);
}
