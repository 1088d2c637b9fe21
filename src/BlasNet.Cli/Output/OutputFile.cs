using System.Text;
using BlasNet.Cli.CommandLine;
using BlasNet.Training;

namespace BlasNet.Cli.Output;

/// <summary>A file that is there complete or not at all.</summary>
internal static class OutputFile
{
    /// <summary>Before the work whose result it is to receive: a name that cannot be written is an error at once.</summary>
    /// <exception cref="CommandException">It cannot.</exception>
    public static AtomicFile Open(string path) => Try(() => new AtomicFile(path));

    /// <exception cref="CommandException">The disk is full, or the like.</exception>
    public static void Write(AtomicFile file, string text) => Try(() =>
    {
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Commit();
        return file;
    });

    private static AtomicFile Try(Func<AtomicFile> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(e.Message);
        }
    }
}
