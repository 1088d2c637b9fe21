using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>What lies beside a file while it is written, and after the process was killed.</summary>
public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string[] Temporary => Directory.GetFiles(_folder.Path, AtomicFile.TemporaryPattern);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_next_file_in_a_folder_clears_away_what_a_killed_process_has_left_there()
    {
        string left = _folder.Write(".blasnet-left.tmp", "half a fi"), other = _folder.Write(".blasnet-other.txt", "kept");
        File.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddMinutes(-11));
        File.SetLastWriteTimeUtc(other, DateTime.UtcNow.AddMinutes(-11));
        Write("file");

        Assert.Equal([other, _folder.File("file")], Directory.GetFiles(_folder.Path).Order());
    }

    [Fact]
    public void What_another_writer_still_has_open_stays_however_long_ago_it_wrote()
    {
        using var writer = new AtomicFile(_folder.File("other"));
        writer.Write("slow"u8);
        File.SetLastWriteTimeUtc(Assert.Single(Temporary), DateTime.UtcNow.AddDays(-1));
        Write("file");
        writer.Commit();

        Assert.Equal("slow", File.ReadAllText(_folder.File("other")));
        Assert.Empty(Temporary);
    }

    /// <summary>Between creating a file and locking it a writer has nothing to show for himself but the time.</summary>
    [Fact]
    public void What_was_written_a_moment_ago_stays()
    {
        _folder.Write(".blasnet-new.tmp", "");
        Write("file");

        Assert.Single(Temporary);
    }

    [Fact]
    public void A_file_that_is_not_committed_leaves_nothing_and_the_older_one_as_it_was()
    {
        Write("file");
        using (var file = new AtomicFile(_folder.File("file")))
        {
            file.Write("other"u8);
            Assert.Single(Temporary);
        }

        Assert.Equal("text", File.ReadAllText(_folder.File("file")));
        Assert.Empty(Temporary);
    }

    [Fact]
    public void The_first_bytes_can_be_written_anew_and_the_rest_stays()
    {
        using (var file = new AtomicFile(_folder.File("file")))
        {
            Assert.True(file.CanOverwrite);
            file.Write("0000 rows"u8);
            file.Write(" and more"u8);
            file.Overwrite("0012"u8);
            file.Write(", to the end"u8);
            file.Commit();
        }

        Assert.Equal("0012 rows and more, to the end", File.ReadAllText(_folder.File("file")));
    }

    [Fact]
    public void What_went_to_a_device_is_not_written_anew()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no /dev/null.");
        using var device = new AtomicFile("/dev/null");
        Assert.False(device.CanOverwrite);
        var error = Assert.Throws<InvalidOperationException>(() => device.Overwrite("anew"u8));
        Assert.StartsWith("/dev/null: is a device or a pipe", error.Message, StringComparison.Ordinal);
    }

    private void Write(string name)
    {
        using var file = new AtomicFile(_folder.File(name));
        file.Write("text"u8);
        file.Commit();
    }
}
