// What Swift sees of FFmpeg: its headers, and the constants that are macros there.

#pragma once
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>

static const int swiftlet_averror_eof = AVERROR_EOF;
static const int swiftlet_averror_exit = AVERROR_EXIT;
static const int swiftlet_averror_not_permitted = AVERROR(EPERM);
static const int swiftlet_averror_decoder_not_found = AVERROR_DECODER_NOT_FOUND;
static const int64_t swiftlet_no_pts = AV_NOPTS_VALUE;
static const int64_t swiftlet_time_base = AV_TIME_BASE;
