using BlasNet.Cli.CommandLine;
using Spectre.Console;

namespace BlasNet.Cli.Output;

/// <summary>Says what a command is doing: in a line that changes on a terminal, in a line each elsewhere.</summary>
internal static class StatusLine
{
    /// <param name="context">Its error output receives the lines.</param>
    /// <param name="work">Tells what it is doing to what it is given.</param>
    public static T Show<T>(CommandContext context, Func<Action<string>, T> work) => context.Status.Profile.Out.IsTerminal
        ? context.Status.Status().Start("starting", status => work(what => status.Status = Markup.Escape(what)))
        : work(context.Error.WriteLine);
}
