"""A camera for tests: an RTSP server of GStreamer, told by lines on its standard input what to do.

    rtsp-camera.py [--port 0] [--path /live] [--user U --password P] [--size 320x240] [--rate 25] [--gop 25] [--bframes 0]

It prints `port N` when it listens. Commands: `size WxH` changes the picture in mid-stream, `drop` ends all connections,
`pause` and `play` stop and start the picture while connections stay, `quit` ends.
"""

import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", default="0")
arguments.add_argument("--path", default="/live")
arguments.add_argument("--user")
arguments.add_argument("--password")
arguments.add_argument("--size", default="320x240")
arguments.add_argument("--rate", type=int, default=25)
arguments.add_argument("--gop", type=int, default=25)
arguments.add_argument("--bframes", type=int, default=0)
arguments.add_argument("--check", action="store_true", help="say by the exit code whether all is there")
options = arguments.parse_args()

Gst.init(None)
if options.check:
    elements = ("videotestsrc", "videoscale", "x264enc", "rtph264pay")
    sys.exit(0 if all(Gst.ElementFactory.find(name) for name in elements) else 1)
loop = GLib.MainLoop()
medias = []


def caps_of(size):
    width, height = size.split("x")
    return Gst.Caps.from_string(f"video/x-raw,format=I420,width={width},height={height},framerate={options.rate}/1")


class Factory(GstRtspServer.RTSPMediaFactory):
    """One picture for all who watch."""

    def __init__(self):
        super().__init__()
        self.set_shared(True)
        self.size = options.size

    def do_create_element(self, url):
        tune = "" if options.bframes > 0 else "tune=zerolatency"
        pipeline = Gst.parse_launch(
            "( videotestsrc is-live=true pattern=ball ! videoscale ! capsfilter name=size ! valve name=valve "
            f"! x264enc {tune} speed-preset=ultrafast bitrate=500 key-int-max={options.gop} bframes={options.bframes} "
            "! video/x-h264,profile=main ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
        )
        pipeline.get_by_name("size").set_property("caps", caps_of(self.size))
        return pipeline

    def do_configure(self, rtsp_media):
        GstRtspServer.RTSPMediaFactory.do_configure(self, rtsp_media)
        medias.append(rtsp_media)
        rtsp_media.connect("unprepared", medias.remove)


server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(options.port)
factory = Factory()
if options.user is not None:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.add_digest(options.user, options.password, token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory(options.path, factory)
server.attach(None)


def elements(name):
    """The elements of this name in all pictures that are being sent."""
    return [media.get_element().get_by_name(name) for media in list(medias)]


def on_command(channel, _condition):
    line = channel.readline()
    words = line.split()
    if not words or words[0] == "quit":
        loop.quit()
        return False
    if words[0] == "size":
        factory.size = words[1]
        for element in elements("size"):
            element.set_property("caps", caps_of(words[1]))
    elif words[0] == "drop":
        server.client_filter(lambda _server, _client: GstRtspServer.RTSPFilterResult.REMOVE)
    elif words[0] in ("pause", "play"):
        for element in elements("valve"):
            element.set_property("drop", words[0] == "pause")
    print("done", line.strip(), flush=True)
    return True


GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, on_command)
print("port", server.get_bound_port(), flush=True)
loop.run()
